"""One module per vendor, each around the SDK that the vendor keeps."""
