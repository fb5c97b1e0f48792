# The CPU levels, listed here and nowhere else. A row is
#   level | architecture | x86-64 version the CPU needs | GCC, Clang | MSVC | built by default
# from the plainest to the fastest; at import the last supported one is taken.
set(FCNN_LEVEL_TABLE
    "base | x86_64 | 2 | -march=x86-64-v2 |              | ON"
    "v3   | x86_64 | 3 | -march=x86-64-v3 | /arch:AVX2   | ON"
    "v4   | x86_64 | 4 | -march=x86-64-v4 | /arch:AVX512 | ON"
    "base | other  | 0 |                  |              | ON"
)

# Reads the rows of the architecture built for into
#   FCNN_LEVELS          the levels to build: a cache variable, so that -D chooses fewer
#   FCNN_<level>_FLAGS   the compiler's flags of each
#   FCNN_<level>_VERSION the x86-64 version that the probe asks the CPU for
macro(fcnn_read_levels)
    set(fcnn_architecture other)
    if(CMAKE_OSX_ARCHITECTURES)
        set(fcnn_processor "${CMAKE_OSX_ARCHITECTURES}")
    else()
        set(fcnn_processor "${CMAKE_SYSTEM_PROCESSOR}")
    endif()
    if(fcnn_processor MATCHES "^(x86_64|amd64|AMD64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
        set(fcnn_architecture x86_64)
    elseif(fcnn_processor MATCHES ";")
        message(FATAL_ERROR "fcnn is built for one architecture at a time, "
                            "not for ${fcnn_processor}")
    endif()

    set(fcnn_known "")
    set(fcnn_default "")
    foreach(fcnn_row IN LISTS FCNN_LEVEL_TABLE)
        string(REPLACE "|" ";" fcnn_row "${fcnn_row}")
        list(TRANSFORM fcnn_row STRIP)
        list(GET fcnn_row 0 fcnn_level)
        list(GET fcnn_row 1 fcnn_row_architecture)
        if(NOT fcnn_row_architecture STREQUAL fcnn_architecture)
            continue()
        endif()
        list(APPEND fcnn_known ${fcnn_level})
        list(GET fcnn_row 2 FCNN_${fcnn_level}_VERSION)
        if(MSVC)
            list(GET fcnn_row 4 FCNN_${fcnn_level}_FLAGS)
        else()
            list(GET fcnn_row 3 FCNN_${fcnn_level}_FLAGS)
        endif()
        list(GET fcnn_row 5 fcnn_on)
        if(fcnn_on)
            list(APPEND fcnn_default ${fcnn_level})
        endif()
    endforeach()

    set(FCNN_LEVELS "${fcnn_default}"
        CACHE STRING "CPU levels to build, from the plainest: of ${fcnn_known}")
    foreach(fcnn_level IN LISTS FCNN_LEVELS)
        if(NOT fcnn_level IN_LIST fcnn_known)
            message(FATAL_ERROR "FCNN_LEVELS: no level ${fcnn_level} for "
                                "${fcnn_processor}; there are ${fcnn_known}")
        endif()
    endforeach()
endmacro()
