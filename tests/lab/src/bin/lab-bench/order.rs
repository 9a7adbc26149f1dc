//! An order: its members by name, each with what is wrong with it if it is not what is expected.

use serde_json::Value;
use whimbrel_lab::Peer;

/// A JSON object.
#[derive(Clone, Copy)]
pub struct Order<'v>(&'v Value);

impl<'v> Order<'v> {
    pub const fn new(value: &'v Value) -> Self {
        Self(value)
    }

    /// A member; `null` is as if it were absent.
    pub fn get(&self, name: &str) -> Option<&'v Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn expected<T>(&self, name: &str, what: &str, found: Option<T>) -> Result<T, String> {
        found.ok_or_else(|| format!("{name}: {what} is expected"))
    }

    pub fn text(&self, name: &str) -> Result<&'v str, String> {
        self.expected(name, "text", self.get(name).and_then(Value::as_str))
    }

    pub fn text_or(&self, name: &str, otherwise: &'v str) -> Result<&'v str, String> {
        self.get(name).map_or(Ok(otherwise), |_| self.text(name))
    }

    pub fn number<T: TryFrom<u64>>(&self, name: &str) -> Result<T, String> {
        let found = self.get(name).and_then(Value::as_u64).and_then(|number| number.try_into().ok());
        self.expected(name, "a number in range", found)
    }

    pub fn number_if<T: TryFrom<u64>>(&self, name: &str) -> Result<Option<T>, String> {
        self.get(name).map(|_| self.number(name)).transpose()
    }

    pub fn number_or<T: TryFrom<u64>>(&self, name: &str, otherwise: T) -> Result<T, String> {
        Ok(self.number_if(name)?.unwrap_or(otherwise))
    }

    pub fn flag_if(&self, name: &str) -> Result<Option<bool>, String> {
        let flag = |value: &Value| self.expected(name, "true or false", value.as_bool());
        self.get(name).map(flag).transpose()
    }

    pub fn flag(&self, name: &str) -> Result<bool, String> {
        Ok(self.flag_if(name)?.unwrap_or(false))
    }

    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        let found = self.get(name).and_then(Value::as_str).and_then(unhex);
        self.expected(name, "hexadecimal", found)
    }

    pub fn bytes_if(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        self.get(name).map(|_| self.bytes(name)).transpose()
    }

    pub fn peer(&self, name: &str) -> Result<Peer, String> {
        let found = self.get(name).and_then(Value::as_str).and_then(|text| text.parse().ok());
        self.expected(name, "IP:PORT", found)
    }

    pub fn list(&self, name: &str) -> Result<&'v [Value], String> {
        let Some(value) = self.get(name) else { return Ok(&[]) };
        self.expected(name, "a list", value.as_array().map(Vec::as_slice))
    }

    pub fn orders(&self, name: &str) -> Result<Vec<Order<'v>>, String> {
        Ok(self.list(name)?.iter().map(Order).collect())
    }

    /// Lists of texts, each with so many.
    pub fn rows<const N: usize>(&self, name: &str) -> Result<Vec<[&'v str; N]>, String> {
        let row = |value: &'v Value| -> Option<[&'v str; N]> {
            let texts: Option<Vec<&str>> = value.as_array()?.iter().map(Value::as_str).collect();
            texts?.try_into().ok()
        };
        let found = self.list(name)?.iter().map(row).collect();
        self.expected(name, "lists of texts", found)
    }
}

/// Octets of hexadecimal digits.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|digit| Some(digit.to_digit(16)? as u8)).collect::<Option<_>>()?;
    digits.chunks(2).map(|pair| Some(pair[0] << 4 | *pair.get(1)?)).collect()
}
