//! Names that are one slip of a finger from each other.

/// Whether one letter was added, left out, replaced, or two neighbours swapped: the distance of Damerau and Levenshtein is 1.
pub(super) fn is_one_letter_from(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let alike = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (one.get(alike..).unwrap_or(&[]), other.get(alike..).unwrap_or(&[]));
    match (one, other) {
        ([], []) => false,
        ([a, b, rest @ ..], [c, d, others @ ..]) if a == d && b == c && rest == others => true,
        ([_, rest @ ..], [_, others @ ..]) if rest == others => true,
        ([_, rest @ ..], longer) if rest == longer => true,
        (longer, [_, others @ ..]) => longer == others,
        ([_, ..], []) => false,
    }
}

/// Whether one is the other with `.exe` behind it.
pub(super) fn is_without_exe(one: &str, other: &str) -> bool {
    let is_bare = |bare: &str, whole: &str| whole.strip_suffix(".EXE") == Some(bare);
    is_bare(one, other) || is_bare(other, one)
}

#[cfg(test)]
mod tests {
    use super::{is_one_letter_from, is_without_exe};

    #[test]
    fn one_slip_of_a_finger_is_found_and_two_are_not() {
        for (name, one, other, expected) in [
            ("the same", "MDL.EXE", "MDL.EXE", false),
            ("one replaced", "MDL.EXE", "MDI.EXE", true),
            ("one left out", "MDL.EXE", "ML.EXE", true),
            ("one added", "MDL.EXE", "MMDL.EXE", true),
            ("one added at the end", "MDL.EXE", "MDL.EXE2", true),
            ("neighbours swapped", "MDL.EXE", "DML.EXE", true),
            ("letters that are no neighbours swapped", "ABC", "CBA", false),
            ("two replaced", "MDL.EXE", "NDM.EXE", false),
            ("nothing and a letter", "", "A", true),
            ("a swap and more", "AB", "BAX", false),
            ("letters of more bytes than one", "\u{c4}BC", "\u{d6}BC", true),
        ] {
            assert_eq!(is_one_letter_from(one, other), expected, "{name}");
            assert_eq!(is_one_letter_from(other, one), expected, "{name}, the other way round");
        }
        assert!(is_without_exe("MDL", "MDL.EXE") && is_without_exe("MDL.EXE", "MDL"));
        assert!(!is_without_exe("MDL", "MDL.COM"));
    }
}
