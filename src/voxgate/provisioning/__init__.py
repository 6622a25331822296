"""Use cases behind API and portal: permission first, then validity, then the change."""
