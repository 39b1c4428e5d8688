# embed_page(TARGET): the report's page, with its style, its script and the chart library written into
# it, becomes a C file of TARGET in two halves: before and after the data. The program then needs no
# file beside it, and a report needs no network. Bytes are written as numbers, as in embed.cmake.
#
# This file is also the script that does it: cmake -DPAGE=… -DLIBRARY=… -DOUTPUT=… -P embed_page.cmake
if(CMAKE_SCRIPT_MODE_FILE)
	# put(FILE name): the file's bytes as hex take the place of @@name@@ in page.
	macro(put file name)
		file(READ ${file} body HEX)
		string(HEX "@@${name}@@" mark)
		string(FIND "${page}" "${mark}" at)
		if(at EQUAL -1)
			message(FATAL_ERROR "the page has no place for ${name}")
		endif()
		string(REPLACE "${mark}" "${body}" page "${page}")
	endmacro()
	function(write_half name hex)
		string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
		string(REGEX REPLACE "(.....................................................................................)"
			"\\1\n\t" bytes "${bytes}")
		file(APPEND ${OUTPUT} "const unsigned char ${name}[] = {\n\t${bytes}0x00};\n"
			"const size_t ${name}_bytes = sizeof ${name} - 1;\n")
	endfunction()

	file(READ ${PAGE}/report.html page HEX)
	put(${PAGE}/report.css STYLE)
	put(${LIBRARY}/dygraph.min.js CHARTS)
	put(${LIBRARY}/src-es5/extras/synchronizer.js SYNCHRONIZER)
	put(${PAGE}/report.js SCRIPT)
	string(HEX "@@DATA@@" mark)
	string(LENGTH "${mark}" mark_length)
	string(FIND "${page}" "${mark}" at)
	string(SUBSTRING "${page}" 0 ${at} before)
	math(EXPR at "${at} + ${mark_length}")
	string(SUBSTRING "${page}" ${at} -1 after)
	file(WRITE ${OUTPUT} "/* Written by cmake/embed_page.cmake from backtest/page. */\n"
		"#include \"backtest/page.h\"\n\n")
	write_half(page_before "${before}")
	write_half(page_after "${after}")
	return()
endif()

function(embed_page target)
	set(page ${CMAKE_SOURCE_DIR}/backtest/page)
	set(output ${CMAKE_BINARY_DIR}/generated/page.c)
	find_path(DYGRAPHS dygraph.min.js PATHS /usr/share/javascript/dygraphs NO_DEFAULT_PATH REQUIRED)
	add_custom_command(OUTPUT ${output}
		COMMAND ${CMAKE_COMMAND} -DPAGE=${page} -DLIBRARY=${DYGRAPHS} -DOUTPUT=${output}
			-P ${CMAKE_SOURCE_DIR}/cmake/embed_page.cmake
		DEPENDS ${page}/report.html ${page}/report.css ${page}/report.js ${DYGRAPHS}/dygraph.min.js
			${CMAKE_SOURCE_DIR}/cmake/embed_page.cmake
		VERBATIM)
	target_sources(${target} PRIVATE ${output})
endfunction()
