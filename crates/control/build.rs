//! Has the crate built again when the dashboard's bundle changes, and at no other time: the macro that takes the bundle in sees
//! the files that were there, and none that come later.

fn main() {
    println!("cargo::rerun-if-changed=dashboard/dist");
}
