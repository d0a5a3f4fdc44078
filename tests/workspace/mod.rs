//! What the workspace promises of its own shape.
