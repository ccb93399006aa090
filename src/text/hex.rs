//! Hexadecimal encoding.

/// Encodes bytes as lower-case hexadecimal digits, two per byte.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn encodes_each_byte_as_two_digits() {
        assert_eq!(super::hex(&[0, 10, 255]), "000aff");
    }
}
