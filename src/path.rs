//! Paths of the object tree: `/object/instance/resource/resource instance` (TS 1.0 sections 6.1 and 8.2.5).

/// No identifier at this level. 65535 (`MAX_ID`) identifies nothing in the tree (TS 1.0 section 6.3).
pub const NONE: u16 = 0xffff;

/// A place in the object tree; levels that are not given are [`NONE`].
///
/// Inside payloads that leave the choice of an instance to the client, `instance` may be [`NONE`] while
/// `resource` is given; everywhere else the levels are filled from the left.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// Object ID.
    pub object: u16,
    /// Object Instance ID.
    pub instance: u16,
    /// Resource ID.
    pub resource: u16,
    /// Resource Instance ID.
    pub resource_instance: u16,
}

impl Path {
    /// `/`
    pub const ROOT: Self = Self { object: NONE, instance: NONE, resource: NONE, resource_instance: NONE };

    /// `/object`
    pub const fn object(object: u16) -> Self {
        Self { object, ..Self::ROOT }
    }

    /// `/object/instance`
    pub const fn instance(object: u16, instance: u16) -> Self {
        Self { object, instance, ..Self::ROOT }
    }

    /// `/object/instance/resource`
    pub const fn resource(object: u16, instance: u16, resource: u16) -> Self {
        Self { object, instance, resource, resource_instance: NONE }
    }

    /// The same path with a resource instance.
    pub const fn with_resource_instance(self, resource_instance: u16) -> Self {
        Self { resource_instance, ..self }
    }

    /// The same path with this resource and no resource instance.
    pub const fn with_resource(self, resource: u16) -> Self {
        Self { resource, resource_instance: NONE, ..self }
    }

    /// How many levels are given, from the left: 0 for `/`, 4 for a resource instance.
    pub const fn depth(self) -> usize {
        if self.object == NONE {
            0
        } else if self.instance == NONE {
            1
        } else if self.resource == NONE {
            2
        } else if self.resource_instance == NONE {
            3
        } else {
            4
        }
    }

    /// The identifiers from the left; the first [`NONE`] ends the path.
    pub const fn ids(self) -> [u16; 4] {
        [self.object, self.instance, self.resource, self.resource_instance]
    }

    /// Whether `other` is this place or lies below it.
    pub fn contains(self, other: Self) -> bool {
        let covers = |mine: u16, theirs: u16| mine == NONE || mine == theirs;
        covers(self.object, other.object)
            && covers(self.instance, other.instance)
            && covers(self.resource, other.resource)
            && covers(self.resource_instance, other.resource_instance)
    }

    /// Whether one of the two places contains the other.
    pub fn touches(self, other: Self) -> bool {
        self.contains(other) || other.contains(self)
    }
}
