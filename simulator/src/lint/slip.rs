//! Whether two names are one slip of the fingers apart.

/// Whether one name becomes the other by one character that is added, left out, replaced, or swapped with its neighbour. Case does not
/// count; equal names are none.
pub(super) fn is_slip(one: &str, other: &str) -> bool {
    let (one, other) = (letters(one), letters(other));
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let same = short.iter().zip(&long).take_while(|(one, other)| one == other).count();
    let (Some(short), Some(long)) = (short.get(same..), long.get(same..)) else { return false };
    match (short, long) {
        ([], [_]) => true,
        ([_, short @ ..], [_, long @ ..]) if short == long => true,
        ([a, b, short @ ..], [c, d, long @ ..]) if (a, b) == (d, c) && short == long => true,
        (short, [_, long @ ..]) => short == long,
        (_, []) => false,
    }
}

fn letters(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::is_slip;

    #[test]
    fn one_slip_is_one_and_two_are_not() {
        let rows = [
            ("mdl.exe", "mdl.exe", false),
            ("mdl.exe", "MDL.EXE", false),
            ("mdl.exe", "md.exe", true),
            ("mdl.exe", "mdll.exe", true),
            ("mdl.exe", "ndl.exe", true),
            ("mdl.exe", "mld.exe", true),
            ("mdl.exe", "mdl.ex", true),
            ("mdl.exe", "nld.exe", false),
            ("mdl.exe", "mdlxx.exe", false),
            ("", "a", true),
            ("", "", false),
        ];
        for (one, other, slip) in rows {
            assert_eq!(is_slip(one, other), slip, "{one} {other}");
            assert_eq!(is_slip(other, one), slip, "{other} {one}");
        }
    }
}
