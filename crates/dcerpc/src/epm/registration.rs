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
    /// The tower that answers `ept_map`: the interface is served in the version asked for, in NDR 2.0, over TCP
    /// and IPv4. An object is no matter, for this is registered for any.
    #[must_use]
    pub fn map(&self, request: &EptMapRequest) -> Option<Tower> {
        let asked = request.tower.as_ref()?.as_tcp()?;
        // Of the encoding's minor version clients send anything: Samba's suite the interface's.
        let ndr20 = SyntaxId { minor: 0, ..asked.transfer_syntax } == SyntaxId::NDR20;
        (ndr20 && self.interface.serves(&asked.interface)).then(|| self.tower())
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

    /// The entry that a list shows.
    #[must_use]
    pub fn entry(&self) -> EptEntry {
        EptEntry {
            object: Uuid::nil(),
            tower: Some(self.tower()),
            annotation: self.annotation.clone(),
        }
    }

    fn tower(&self) -> Tower {
        Tower::from(TcpTower {
            interface: self.interface,
            transfer_syntax: SyntaxId::NDR20,
            address: self.address,
        })
    }
}
