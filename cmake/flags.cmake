# Language, warnings and hardening for every room. -Werror only where asked (CI): a newer
# compiler's new warning should not stop a user's build.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE ccache)
if(CCACHE)
	set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

set(BOTBEAT_WARNINGS -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wundef -Wvla -Wwrite-strings -Wcast-qual -Wpointer-arith -Wnull-dereference -Wswitch-enum
	-Wdouble-promotion -Wfloat-equal -fno-common)
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
	list(APPEND BOTBEAT_WARNINGS -Wduplicated-cond -Wduplicated-branches -Wlogical-op)
endif()
if(BOTBEAT_WERROR)
	list(APPEND BOTBEAT_WARNINGS -Werror)
endif()
# Criterion's macros cannot live with these two.
set(BOTBEAT_STRICT_WARNINGS -Wconversion -Wsign-conversion)

# Indicators must agree to the bit between live and backtest: no fused multiply-add.
# glibc in full (strcasestr, memfd_create, pipe2, …).
add_compile_definitions(_GNU_SOURCE=)

add_compile_options(-ffp-contract=off -fno-omit-frame-pointer)

# Assertions stay on in release: a runner that is wrong about itself dies before it trades.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-O3" "-O2 -g" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")

if(BOTBEAT_SANITIZE)
	add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all)
	add_link_options(-fsanitize=address,undefined)
	add_compile_definitions(BOTBEAT_SANITIZE=1)
else()
	add_compile_options(-fstack-protector-strong $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
	add_link_options(-pie -Wl,-z,relro,-z,now)
endif()
