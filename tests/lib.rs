//! What several test areas share: reading fixtures, and the oracles that fuzz targets and tests both call.
