//! A value that owns its bytes, compared bit by bit.

use whimbrel::value::{DataType, Value};

/// All data types that have values.
pub const TYPES: [DataType; 9] = [
    DataType::String,
    DataType::Integer,
    DataType::Unsigned,
    DataType::Float,
    DataType::Boolean,
    DataType::Opaque,
    DataType::Time,
    DataType::Objlnk,
    DataType::Corelnk,
];

/// A value that owns its bytes. Floats are kept as bits: two NaN are equal if they look alike.
#[derive(Clone, Debug, PartialEq)]
pub enum Owned {
    String(String),
    Integer(i64),
    Unsigned(u64),
    Float(u64),
    Boolean(bool),
    Opaque(Vec<u8>),
    Time(i64),
    Objlnk(u16, u16),
}

impl From<Value<'_>> for Owned {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::String(text) => Self::String(text.into()),
            Value::Integer(number) => Self::Integer(number),
            Value::Unsigned(number) => Self::Unsigned(number),
            Value::Float(number) => Self::Float(number.to_bits()),
            Value::Boolean(yes) => Self::Boolean(yes),
            Value::Opaque(bytes) => Self::Opaque(bytes.into()),
            Value::Time(number) => Self::Time(number),
            Value::Objlnk(object, instance) => Self::Objlnk(object, instance),
        }
    }
}

impl Owned {
    /// As formats take it.
    pub fn value(&self) -> Value<'_> {
        match self {
            Self::String(text) => Value::String(text),
            Self::Integer(number) => Value::Integer(*number),
            Self::Unsigned(number) => Value::Unsigned(*number),
            Self::Float(bits) => Value::Float(f64::from_bits(*bits)),
            Self::Boolean(yes) => Value::Boolean(*yes),
            Self::Opaque(bytes) => Value::Opaque(bytes),
            Self::Time(number) => Value::Time(*number),
            Self::Objlnk(object, instance) => Value::Objlnk(*object, *instance),
        }
    }

    /// Whether `data_type` is this value's.
    pub fn is_a(&self, data_type: DataType) -> bool {
        let own = match self {
            Self::String(_) => return matches!(data_type, DataType::String | DataType::Corelnk),
            Self::Integer(_) => DataType::Integer,
            Self::Unsigned(_) => DataType::Unsigned,
            Self::Float(_) => DataType::Float,
            Self::Boolean(_) => DataType::Boolean,
            Self::Opaque(_) => DataType::Opaque,
            Self::Time(_) => DataType::Time,
            Self::Objlnk(..) => DataType::Objlnk,
        };
        own == data_type
    }
}
