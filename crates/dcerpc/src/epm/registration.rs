//! What a server registers, and which questions it answers ([C706] 6.2.3, [MS-RPCE] 2.2.1.2.4 and 2.2.1.2.5).
//!
//! [C706]: https://publications.opengroup.org/c706
//! [MS-RPCE]: https://learn.microsoft.com/openspecs/windows_protocols/ms-rpce

use core::net::SocketAddrV4;

use uuid::Uuid;

use super::{
    EptEntry, EptLookupRequest, EptMapRequest, InquiryType, TcpTower, Tower, VersionOption,
};
use crate::syntax::SyntaxId;

/// An interface that a server offers over TCP, for no object in particular.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The interface; its minor version is the latest that is served.
    pub interface: SyntaxId,
    /// Where it is, as clients are told.
    pub address: SocketAddrV4,
    /// What the server calls it, at most 63 bytes.
    pub annotation: Vec<u8>,
}

impl Registration {
    /// Whether `ept_map` finds it: the interface is served in the version asked for, in NDR 2.0, over TCP and
    /// IPv4. An object is no matter, for this is registered for any.
    #[must_use]
    pub fn is_mapped_by(&self, request: &EptMapRequest) -> bool {
        let asked = request.tower.as_ref().and_then(Tower::as_tcp);
        asked.is_some_and(|asked| {
            let transfer = asked.transfer_syntax;
            // Of the encoding's minor version clients send anything: Samba's suite the interface's.
            let ndr20 =
                (transfer.uuid, transfer.major) == (SyntaxId::NDR20.uuid, SyntaxId::NDR20.major);
            ndr20 && self.interface.serves(&asked.interface)
        })
    }

    /// Whether `ept_lookup` lists it; `None` when the question makes no sense.
    #[must_use]
    pub fn is_listed_by(&self, request: &EptLookupRequest) -> Option<bool> {
        let by_object = || request.object.is_none_or(|object| object.is_nil());
        match request.inquiry {
            InquiryType::ALL => Some(true),
            InquiryType::BY_INTERFACE => self.agrees(request),
            InquiryType::BY_OBJECT => Some(by_object()),
            InquiryType::BY_BOTH => self.agrees(request).map(|agrees| agrees && by_object()),
            _ => None,
        }
    }

    /// Whether interface and version agree.
    fn agrees(&self, request: &EptLookupRequest) -> Option<bool> {
        let (own, asked) = (self.interface, request.interface?);
        let version = |id: SyntaxId| (id.major, id.minor);
        let agrees = match request.version {
            VersionOption::ALL => true,
            VersionOption::COMPATIBLE => own.major == asked.major && asked.minor <= own.minor,
            VersionOption::EXACT => version(own) == version(asked),
            VersionOption::MAJOR_ONLY => own.major == asked.major,
            VersionOption::UP_TO => version(own) <= version(asked),
            _ => return None,
        };
        Some(agrees && own.uuid == asked.uuid)
    }

    /// The tower that answers.
    #[must_use]
    pub fn tower(&self) -> Tower {
        Tower::from(TcpTower {
            interface: self.interface,
            transfer_syntax: SyntaxId::NDR20,
            address: self.address,
        })
    }

    /// The entry that a list shows.
    #[must_use]
    pub fn entry(&self) -> EptEntry {
        EptEntry {
            object: Uuid::nil(),
            tower: Some(self.tower()),
            annotation: self.annotation.clone(),
        }
    }
}
