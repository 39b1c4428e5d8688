# Fuzz targets, one per parser of bytes from outside: fuzz_target(NAME LINKS rooms) takes
# tests/fuzz/fuzz_NAME.c. Its corpus in tests/fuzz/corpus/NAME is replayed as a test with every
# compiler; with clang and BOTBEAT_FUZZ the same source also becomes a libFuzzer program:
#   CC=clang-14 cmake -B build/fuzz -DBOTBEAT_FUZZ=ON && ninja -C build/fuzz fuzz_field
#   build/fuzz/tests/fuzz_field -max_total_time=60 tests/fuzz/corpus/field
option(BOTBEAT_FUZZ "build libFuzzer programs (clang only)" OFF)

if(BOTBEAT_FUZZ)
	if(NOT CMAKE_C_COMPILER_ID MATCHES Clang)
		message(FATAL_ERROR "BOTBEAT_FUZZ needs clang: set CC=clang-14")
	endif()
	# The rooms report which branches they take.
	add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
	add_link_options(-fsanitize=address,undefined)
endif()

function(fuzz_target name)
	cmake_parse_arguments(FUZZ "" "" "LINKS" ${ARGN})
	set(rooms "")
	foreach(link ${FUZZ_LINKS})
		string(REPLACE "/" "_" room ${link})
		list(APPEND rooms room_${room})
	endforeach()

	add_executable(fuzz_${name}_replay fuzz/fuzz_${name}.c fuzz/replay.c)
	target_link_libraries(fuzz_${name}_replay PRIVATE ${rooms})
	target_compile_options(fuzz_${name}_replay PRIVATE ${BOTBEAT_WARNINGS})
	add_test(NAME fuzz_${name}_replay
		COMMAND fuzz_${name}_replay ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})

	if(BOTBEAT_FUZZ)
		add_executable(fuzz_${name} fuzz/fuzz_${name}.c)
		target_link_libraries(fuzz_${name} PRIVATE ${rooms})
		target_compile_options(fuzz_${name} PRIVATE ${BOTBEAT_WARNINGS})
		target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
	endif()
endfunction()
