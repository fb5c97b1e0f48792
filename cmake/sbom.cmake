# The software bill of materials (PEP 770, in CycloneDX 1.6): what is compiled into the
# modules of the wheel, in the versions found here. Without time or serial number, so that
# two builds write the same bytes.
if(DEFINED SKBUILD_METADATA_DIR)
    configure_file(cmake/sbom.cdx.json.in sbom/fcnn.cdx.json @ONLY)
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/sbom/fcnn.cdx.json"
            DESTINATION "${SKBUILD_METADATA_DIR}/sboms")
endif()
