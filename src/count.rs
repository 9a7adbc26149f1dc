//! Counting along iterators: `position`, `count` and `sum` keep an overflow panic where such checks are on.

/// How many items there are.
pub fn items<I: Iterator>(iter: I) -> usize {
    iter.fold(0, |n: usize, _| n.wrapping_add(1))
}

/// Where the first item stands that is `wanted`.
pub fn place_of<I: Iterator>(iter: I, mut wanted: impl FnMut(I::Item) -> bool) -> Option<usize> {
    let mut at = 0usize;
    for item in iter {
        if wanted(item) {
            return Some(at);
        }
        at = at.wrapping_add(1);
    }
    None
}
