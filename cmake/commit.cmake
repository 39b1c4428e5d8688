# commit_header(TARGET): a header "commit.h" for TARGET with the commit that is built, for
# `botbeat --version` and the metric build_info. Looked up at each build, written only when it changed.
# BOTBEAT_COMMIT names it where there is no repository (an archive, an image).
#
# This file is also the script that writes it: cmake -DSOURCE=… -DOUTPUT=… -DCOMMIT=… -P commit.cmake
if(CMAKE_SCRIPT_MODE_FILE)
	if(NOT COMMIT)
		execute_process(COMMAND git -C ${SOURCE} rev-parse --short=12 HEAD
			OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
	endif()
	if(NOT COMMIT MATCHES "^[0-9A-Za-z._-]+$")
		set(COMMIT unknown)
	endif()
	file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define BOTBEAT_COMMIT \"${COMMIT}\"\n")
	return()
endif()

set(BOTBEAT_COMMIT "" CACHE STRING "commit that is built; empty: asked of git")

function(commit_header target)
	set(folder ${CMAKE_BINARY_DIR}/generated/commit)
	file(MAKE_DIRECTORY ${folder})
	add_custom_target(commit_of_${target} BYPRODUCTS ${folder}/commit.h
		COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DOUTPUT=${folder}/commit.h
			-DCOMMIT=${BOTBEAT_COMMIT} -P ${CMAKE_SOURCE_DIR}/cmake/commit.cmake
		VERBATIM)
	add_dependencies(${target} commit_of_${target})
	target_include_directories(${target} PRIVATE ${folder})
endfunction()
