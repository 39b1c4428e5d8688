# embed_migrations(TARGET): schema/migrations/*.sql become a C file of TARGET, so that the program
# carries the schema it was built for. Bytes are written as numbers: no text of a migration can be
# mistaken for C. The checksum is the one that `botbeat migrate` records.
#
# This file is also the script that writes it: cmake -DFOLDER=… -DOUTPUT=… -P embed.cmake
if(CMAKE_SCRIPT_MODE_FILE)
	file(GLOB files ${FOLDER}/[0-9]*.sql)
	list(SORT files)
	set(bodies "")
	set(table "")
	set(expected 1)
	foreach(file ${files})
		get_filename_component(name ${file} NAME_WE)
		string(REGEX REPLACE "^0*([0-9]+)_.*$" "\\1" version ${name})
		if(NOT version EQUAL expected)
			message(FATAL_ERROR "migration ${name} should have number ${expected}")
		endif()
		math(EXPR expected "${expected} + 1")
		file(READ ${file} hex HEX)
		file(SHA256 ${file} checksum)
		string(REGEX REPLACE "(..)" "0x\\1," bytes ${hex})
		string(REGEX REPLACE "(.....................................................................................)" "\\1\n\t" bytes ${bytes})
		string(APPEND bodies "static const unsigned char text_${version}[] = {\n\t${bytes}0x00};\n")
		string(APPEND table "\t{${version}, \"${name}\", \"${checksum}\", (const char *)text_${version}},\n")
	endforeach()
	file(WRITE ${OUTPUT} "/* Written by cmake/embed.cmake from schema/migrations. */\n"
		"#include \"core/store/migrations.h\"\n\n${bodies}\n"
		"const struct migration migrations[] = {\n${table}};\n"
		"const size_t migrations_count = sizeof migrations / sizeof migrations[0];\n")
	return()
endif()

function(embed_migrations target)
	set(folder ${CMAKE_SOURCE_DIR}/schema/migrations)
	set(output ${CMAKE_BINARY_DIR}/generated/migrations.c)
	file(GLOB files CONFIGURE_DEPENDS ${folder}/[0-9]*.sql)
	add_custom_command(OUTPUT ${output}
		COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} -DOUTPUT=${output}
			-P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
		DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
		VERBATIM)
	target_sources(${target} PRIVATE ${output})
endfunction()
