# Foreign libraries, each under one name; docs/dependencies.md says why each is here.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
foreach(pair jansson:jansson libpq:libpq hiredis:hiredis libcurl:libcurl libssl:libssl
	libcrypto:libcrypto microhttpd:libmicrohttpd inih:inih sodium:libsodium seccomp:libseccomp ncurses:ncursesw)
	string(REPLACE ":" ";" pair ${pair})
	list(GET pair 0 name)
	list(GET pair 1 module)
	pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})
	add_library(foreign_${name} INTERFACE)
	target_link_libraries(foreign_${name} INTERFACE PkgConfig::${name} Threads::Threads m)
endforeach()

# libm, for the one room that computes with doubles.
add_library(foreign_math INTERFACE)
target_link_libraries(foreign_math INTERFACE m)
