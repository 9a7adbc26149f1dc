//! Values of resources and their data types (TS 1.0 Appendix C; 1.1 adds Unsigned Integer and Corelnk).

/// The data type of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DataType {
    /// No value: an executable resource.
    None = 0,
    /// UTF-8 text.
    String = 1,
    /// Signed integer of up to 64 bits.
    Integer = 2,
    /// Unsigned integer of up to 64 bits (1.1).
    Unsigned = 3,
    /// IEEE 754 number.
    Float = 4,
    /// True or false.
    Boolean = 5,
    /// Octets.
    Opaque = 6,
    /// Seconds since 1970-01-01T00:00Z.
    Time = 7,
    /// A link to an object instance.
    Objlnk = 8,
    /// A list in CoRE link format (1.1).
    Corelnk = 9,
}

impl DataType {
    /// The type of that number, as C tables give it.
    pub const fn from_u8(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::None,
            1 => Self::String,
            2 => Self::Integer,
            3 => Self::Unsigned,
            4 => Self::Float,
            5 => Self::Boolean,
            6 => Self::Opaque,
            7 => Self::Time,
            8 => Self::Objlnk,
            9 => Self::Corelnk,
            _ => return None,
        })
    }

    /// Whether gt, lt and st apply (TS 1.0 table 4).
    pub const fn is_numeric(self) -> bool {
        matches!(self, Self::Integer | Self::Unsigned | Self::Float | Self::Time)
    }
}

/// The value of one resource or resource instance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// UTF-8 text, also for Corelnk.
    String(&'a str),
    /// Integer.
    Integer(i64),
    /// Unsigned Integer.
    Unsigned(u64),
    /// Float.
    Float(f64),
    /// Boolean.
    Boolean(bool),
    /// Opaque.
    Opaque(&'a [u8]),
    /// Seconds since 1970.
    Time(i64),
    /// Object ID and Object Instance ID; 65535 twice is the null link.
    Objlnk(u16, u16),
}
