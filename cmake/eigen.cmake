# Finds Eigen: the system's, or the one that `pip install cmeel-eigen` puts below
# <site-packages>/cmeel.prefix. Asking find_package for a version would refuse 5.x, since
# Eigen's own version file takes the same major version only; so it is checked here.
set(fcnn_eigen_hints ${CMAKE_PREFIX_PATH} "${Python_SITELIB}")
list(TRANSFORM fcnn_eigen_hints APPEND "/cmeel.prefix")
find_package(Eigen3 CONFIG REQUIRED HINTS ${fcnn_eigen_hints})
if(Eigen3_VERSION VERSION_LESS 3.4 OR NOT Eigen3_VERSION VERSION_LESS 6)
    message(FATAL_ERROR "fcnn needs Eigen >= 3.4 and < 6, "
                        "but ${Eigen3_DIR} holds ${Eigen3_VERSION}")
endif()
message(STATUS "Eigen ${Eigen3_VERSION}: ${Eigen3_DIR}")
