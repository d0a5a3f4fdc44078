//! The endpoint mapper and remote management over TCP, beside EMSMDB on the RPC port and on a port of their own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};

use dcerpc::epm::{
    EPM, EptLookupHandleFreeRequest, EptLookupRequest, EptLookupResponse, EptMapRequest,
    EptMapResponse, EptStatus, InquiryType, TcpTower, VersionOption, opnum,
};
use dcerpc::mgmt::{MGMT, MgmtRequest, MgmtResponse, MgmtStatus};
use dcerpc::{
    AssociationGroupId, Bind, BindNakReason, CallId, ContextElement, ContextHandle, ContextReason,
    ContextResultCode, FaultStatus, Header, Opnum, PacketFlags, PacketType, Pdu,
    PresentationContextId, Request, SyntaxId, Uuid,
};
use emsmdb::{EMSMDB_UUID, EMSMDB_VERSION, EcDoConnectExResponse, EcDummyRpcResponse, ErrorCode};
use server::{StartError, StoreHandle, StoreOptions};

use super::wire_client::{Called, PATIENCE, WireClient};
use super::{TestStore, options};

const EMSMDB: SyntaxId = SyntaxId {
    uuid: Uuid::from_u128(EMSMDB_UUID),
    major: EMSMDB_VERSION.0,
    minor: EMSMDB_VERSION.1,
};
const UNKNOWN: SyntaxId = SyntaxId { uuid: Uuid::from_u128(7), major: 1, minor: 0 };

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn with_mapper() -> TestStore {
    TestStore::start_with(StoreOptions { epm: Some(any_port()), ..options() })
}

impl TestStore {
    fn ports(&self) -> [SocketAddr; 2] {
        [self.handle.rpc_address().unwrap(), self.handle.epm_address().unwrap()]
    }
}

/// A connection on which a test says which PDU comes next.
struct RawClient {
    stream: TcpStream,
    last_call: u32,
}

/// How each context that was offered ended.
type Results = Vec<(ContextResultCode, ContextReason)>;

const ACCEPTED: (ContextResultCode, ContextReason) =
    (ContextResultCode::ACCEPTANCE, ContextReason::NOT_SPECIFIED);
const NOT_OFFERED: (ContextResultCode, ContextReason) =
    (ContextResultCode::PROVIDER_REJECTION, ContextReason::ABSTRACT_SYNTAX_NOT_SUPPORTED);

impl RawClient {
    fn connect(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).expect("the port is open");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, last_call: 0 }
    }

    /// A connection to `server` with `interface` as context 0.
    fn bound(server: SocketAddr, interface: SyntaxId) -> Self {
        let mut client = Self::connect(server);
        let (results, _) = client.offer(PacketType::BIND, 0, interface, None).expect("a bind_ack");
        assert_eq!(results, [ACCEPTED]);
        client
    }

    /// Offers one context; the results and the group, or why there are none.
    fn offer(
        &mut self,
        packet_type: PacketType,
        id: u16,
        interface: SyntaxId,
        group: Option<AssociationGroupId>,
    ) -> Result<(Results, AssociationGroupId), BindNakReason> {
        let element = ContextElement {
            id: PresentationContextId(id),
            abstract_syntax: interface,
            transfer_syntaxes: vec![SyntaxId::NDR20],
        };
        let bind =
            Bind { max_xmit_frag: 5840, max_recv_frag: 5840, group, contexts: vec![element] };
        let call = self.next_call();
        self.send(&bind.encode(packet_type, call, PacketFlags::WHOLE).unwrap());
        let bytes = self.receive();
        match Pdu::decode(&bytes).expect("a PDU").1 {
            Pdu::BindAck(ack) | Pdu::AlterContextResp(ack) => {
                Ok((ack.results.iter().map(|r| (r.result, r.reason)).collect(), ack.group))
            }
            Pdu::BindNak(nak) => Err(nak.reason),
            other => panic!("{other:?}"),
        }
    }

    fn call(&mut self, context: u16, opnum: Opnum, stub: &[u8]) -> Called {
        let context = PresentationContextId(context);
        let request = Request { alloc_hint: 0, context, opnum, object: None, stub };
        let call = self.next_call();
        self.send(&request.encode(call, PacketFlags::WHOLE).unwrap());
        let bytes = self.receive();
        match Pdu::decode(&bytes).expect("a PDU") {
            (header, Pdu::Response(response)) => {
                assert_eq!(header.call_id(), call);
                Called::Response(response.stub.to_vec())
            }
            (header, Pdu::Fault(fault)) => {
                assert_eq!(header.call_id(), call);
                Called::Fault(fault.status)
            }
            other => panic!("{other:?}"),
        }
    }

    fn map(&mut self, request: &EptMapRequest) -> EptMapResponse {
        match self.call(0, opnum::EPT_MAP, &request.encode()) {
            Called::Response(stub) => EptMapResponse::decode(&stub).expect("a response"),
            fault => panic!("{fault:?}"),
        }
    }

    fn lookup(&mut self, request: &EptLookupRequest) -> EptLookupResponse {
        match self.call(0, opnum::EPT_LOOKUP, &request.encode()) {
            Called::Response(stub) => EptLookupResponse::decode(&stub).expect("a response"),
            fault => panic!("{fault:?}"),
        }
    }

    fn manage(&mut self, context: u16, request: MgmtRequest) -> Vec<u8> {
        let (opnum, stub) = request.encode();
        match self.call(context, opnum, &stub) {
            Called::Response(stub) => stub,
            fault => panic!("{fault:?}"),
        }
    }

    fn next_call(&mut self) -> CallId {
        self.last_call += 1;
        CallId(self.last_call)
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut header = [0; Header::SIZE];
        self.stream.read_exact(&mut header).expect("the server answers");
        let mut bytes = vec![0; Header::decode(&header).frag_length().into()];
        bytes[..Header::SIZE].copy_from_slice(&header);
        self.stream.read_exact(&mut bytes[Header::SIZE..]).expect("a whole PDU");
        bytes
    }
}

/// Where is `interface`?
fn question(interface: SyntaxId) -> EptMapRequest {
    let address = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
    let tower = TcpTower { interface, transfer_syntax: SyntaxId::NDR20, address };
    EptMapRequest {
        object: None,
        tower: Some(tower.into()),
        handle: ContextHandle::NULL,
        max_towers: 4,
    }
}

fn everything() -> EptLookupRequest {
    EptLookupRequest {
        inquiry: InquiryType::ALL,
        object: None,
        interface: None,
        version: VersionOption::ALL,
        handle: ContextHandle::NULL,
        max_entries: 500,
    }
}

fn mapped(response: &EptMapResponse) -> Option<SocketAddr> {
    let towers: Vec<_> = response.towers.iter().map(|tower| tower.as_tcp().unwrap()).collect();
    towers.first().map(|tower| SocketAddr::V4(tower.address))
}

#[test]
fn the_mapper_names_the_rpc_port_on_each_port_and_emsmdb_is_there() {
    let store = with_mapper();
    let rpc = store.handle.rpc_address();
    for port in store.ports() {
        let answer = RawClient::bound(port, EPM).map(&question(EMSMDB));
        assert_eq!((answer.status, answer.max_towers), (EptStatus::OK, 4));
        assert!(answer.handle.is_null());
        assert_eq!(mapped(&answer), rpc);
        let mut client = WireClient::bind(mapped(&answer).unwrap(), None);
        assert_eq!(client.connect(Some("OUTLOOK.EXE")).result, ErrorCode::EC_NONE);
    }
}

#[test]
fn what_is_not_registered_is_told_so() {
    let store = with_mapper();
    for port in store.ports() {
        let mut client = RawClient::bound(port, EPM);
        for interface in [UNKNOWN, MGMT, EPM, SyntaxId { minor: 82, ..EMSMDB }] {
            let answer = client.map(&question(interface));
            let expected = EptMapResponse {
                handle: ContextHandle::NULL,
                max_towers: 4,
                towers: vec![],
                status: EptStatus::NOT_REGISTERED,
            };
            assert_eq!(answer, expected, "{interface}");
        }
    }
}

#[test]
fn a_store_without_an_rpc_port_registers_nothing() {
    let store =
        TestStore::start_with(StoreOptions { rpc: None, epm: Some(any_port()), ..options() });
    let mut client = RawClient::bound(store.handle.epm_address().unwrap(), EPM);
    assert_eq!(client.map(&question(EMSMDB)).status, EptStatus::NOT_REGISTERED);
    let list = client.lookup(&everything());
    assert_eq!((list.status, list.entries), (EptStatus::NOT_REGISTERED, vec![]));
}

#[test]
fn a_port_on_every_address_is_named_by_the_one_that_the_client_reached() {
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let store = TestStore::start_with(StoreOptions {
        rpc: Some(everywhere),
        epm: Some(everywhere),
        ..options()
    });
    for [a, b, c, d] in [[127, 0, 0, 1], [127, 0, 0, 2]] {
        let at = |port: SocketAddr| SocketAddr::from(([a, b, c, d], port.port()));
        let [rpc, epm] = store.ports().map(at);
        let answer = RawClient::bound(epm, EPM).map(&question(EMSMDB));
        assert_eq!(mapped(&answer), Some(rpc));
    }
}

#[test]
fn the_list_of_endpoints_holds_the_store() {
    let store = with_mapper();
    for port in store.ports() {
        let mut client = RawClient::bound(port, EPM);
        let list = client.lookup(&everything());
        assert_eq!((list.status, list.max_entries), (EptStatus::OK, 500));
        assert!(list.handle.is_null(), "one answer holds all");
        let [entry] = list.entries.as_slice() else { panic!("{list:?}") };
        assert_eq!(entry.annotation, b"Exchange Server STORE EMSMDB Interface");
        let tower = entry.tower.as_ref().and_then(|tower| tower.as_tcp()).expect("TCP");
        assert_eq!(tower.interface, EMSMDB);
        assert_eq!(Some(SocketAddr::V4(tower.address)), store.handle.rpc_address());
        let of = |interface| EptLookupRequest {
            inquiry: InquiryType::BY_INTERFACE,
            interface: Some(interface),
            ..everything()
        };
        assert_eq!(client.lookup(&of(EMSMDB)).entries, list.entries);
        assert_eq!(client.lookup(&of(UNKNOWN)).status, EptStatus::NOT_REGISTERED);
        let nonsense = EptLookupRequest { inquiry: InquiryType(9), ..everything() };
        assert_eq!(client.lookup(&nonsense).status, EptStatus::CANT_PERFORM_OP);
    }
}

#[test]
fn who_asks_for_nothing_gets_nothing() {
    let store = TestStore::start();
    let mut client = RawClient::bound(store.handle.rpc_address().unwrap(), EPM);
    let answer = client.map(&EptMapRequest { max_towers: 0, ..question(EMSMDB) });
    assert_eq!((answer.status, answer.towers), (EptStatus::OK, vec![]));
    let list = client.lookup(&EptLookupRequest { max_entries: 0, ..everything() });
    assert_eq!((list.status, list.entries), (EptStatus::OK, vec![]));
}

#[test]
fn a_lookup_handle_that_nobody_gave_out_is_a_context_mismatch() {
    let store = TestStore::start();
    let mut client = RawClient::bound(store.handle.rpc_address().unwrap(), EPM);
    let handle = ContextHandle::from_uuid(Uuid::from_u128(7));
    let mismatch = Called::Fault(FaultStatus::CONTEXT_MISMATCH);
    let map = EptMapRequest { handle, ..question(EMSMDB) };
    assert_eq!(client.call(0, opnum::EPT_MAP, &map.encode()), mismatch);
    let lookup = EptLookupRequest { handle, ..everything() };
    assert_eq!(client.call(0, opnum::EPT_LOOKUP, &lookup.encode()), mismatch);
    let free = |handle| EptLookupHandleFreeRequest { handle }.encode();
    assert_eq!(client.call(0, opnum::EPT_LOOKUP_HANDLE_FREE, &free(handle)), mismatch);
    let freed = client.call(0, opnum::EPT_LOOKUP_HANDLE_FREE, &free(ContextHandle::NULL));
    assert_eq!(freed, Called::Response(vec![0; 24]));
}

#[test]
fn hostile_questions_are_faults_and_the_connection_stays() {
    let store = with_mapper();
    for port in store.ports() {
        let mut client = RawClient::bound(port, EPM);
        let mut huge = question(EMSMDB).encode();
        let last = huge.len() - 4;
        huge[last..].copy_from_slice(&[0xff; 4]);
        let bad_stub = Called::Fault(FaultStatus::BAD_STUB_DATA);
        assert_eq!(client.call(0, opnum::EPT_MAP, &huge), bad_stub, "max_towers");
        assert_eq!(client.call(0, opnum::EPT_MAP, &[]), bad_stub);
        assert_eq!(client.call(0, opnum::EPT_LOOKUP, &[0xff; 40]), bad_stub);
        for opnum in [0, 1, 5, 6, 7] {
            let unknown = client.call(0, Opnum(opnum), &[]);
            assert_eq!(unknown, Called::Fault(FaultStatus::OP_RNG_ERROR), "{opnum}");
        }
        assert_eq!(client.map(&question(EMSMDB)).status, EptStatus::OK);
    }
}

#[test]
fn each_port_offers_its_own_interfaces_and_management_lists_them() {
    let store = with_mapper();
    let [rpc, epm] = store.ports();
    for (port, interfaces) in [(rpc, &[EMSMDB, EPM, MGMT][..]), (epm, &[EPM, MGMT])] {
        let mut client = RawClient::bound(port, MGMT);
        let stub = client.manage(0, MgmtRequest::InqIfIds);
        let listed = MgmtResponse::decode_interfaces(&stub);
        assert_eq!(listed, Ok((interfaces.to_vec(), MgmtStatus::OK)));
        for (id, interface) in (1..).zip([EMSMDB, EPM, MGMT, UNKNOWN]) {
            let offered = client.offer(PacketType::ALTER_CONTEXT, id, interface, None);
            let expected = if interfaces.contains(&interface) { ACCEPTED } else { NOT_OFFERED };
            assert_eq!(offered.unwrap().0, [expected], "{interface}");
        }
    }
}

#[test]
fn calls_go_to_the_interface_of_their_context() {
    let store = TestStore::start();
    let mut client = RawClient::bound(store.handle.rpc_address().unwrap(), EPM);
    for (id, interface) in [(1, EMSMDB), (2, MGMT)] {
        let offered = client.offer(PacketType::ALTER_CONTEXT, id, interface, None);
        assert_eq!(offered.unwrap().0, [ACCEPTED]);
    }
    let dummy = EcDummyRpcResponse { result: ErrorCode::EC_NONE }.encode();
    assert_eq!(client.map(&question(EMSMDB)).towers.len(), 1);
    assert_eq!(client.call(1, Opnum(6), &[]), Called::Response(dummy));
    let listening = MgmtResponse::IsServerListening.encode();
    assert_eq!(client.manage(2, MgmtRequest::IsServerListening), listening);
    let no_operation = Called::Fault(FaultStatus::OP_RNG_ERROR);
    assert_eq!(client.call(0, Opnum(6), &[]), no_operation, "EMSMDB's alone");
    assert_eq!(client.call(2, Opnum(6), &[]), no_operation);
    assert_eq!(client.call(3, Opnum(6), &[]), Called::Fault(FaultStatus::UNK_IF));
    let Called::Fault(status) = client.call(1, Opnum(10), &question(EMSMDB).encode()) else {
        panic!("a question to the mapper is no EcDoConnectEx")
    };
    assert_eq!(status, FaultStatus::BAD_STUB_DATA);
}

#[test]
fn management_counts_and_can_t_stop_the_server() {
    let store = TestStore::start();
    let mut client = RawClient::bound(store.handle.rpc_address().unwrap(), MGMT);
    let words = |stub: Vec<u8>| -> Vec<u32> {
        stub.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect()
    };
    let statistics = words(client.manage(0, MgmtRequest::InqStats { count: 4 }));
    // This call and its bind came; the bind_ack went.
    assert_eq!(statistics, [4, 4, 1, 0, 2, 1, 0]);
    assert_eq!(words(client.manage(0, MgmtRequest::StopServerListening)), [5]);
    let name = MgmtRequest::InqPrincName { authn_service: 10, size: 64 };
    assert_eq!(words(client.manage(0, name)), [64, 0, 1, 0, 0x6d3]);
    let statistics = words(client.manage(0, MgmtRequest::InqStats { count: 3 }));
    assert_eq!(statistics, [3, 3, 4, 0, 5, 0]);
    assert_eq!(client.call(0, Opnum(5), &[]), Called::Fault(FaultStatus::OP_RNG_ERROR));
}

#[test]
fn a_group_is_joined_by_its_id_from_another_connection_and_an_unknown_id_is_refused() {
    let store = TestStore::start();
    let rpc = store.handle.rpc_address().unwrap();
    let mut first = RawClient::connect(rpc);
    let (_, group) = first.offer(PacketType::BIND, 0, EMSMDB, None).unwrap();
    assert_ne!(group, AssociationGroupId(0));
    let mut second = RawClient::connect(rpc);
    let joined = second.offer(PacketType::BIND, 0, EPM, Some(group)).unwrap();
    assert_eq!(joined, (vec![ACCEPTED], group));
    let (_, other) = RawClient::connect(rpc).offer(PacketType::BIND, 0, EPM, None).unwrap();
    assert_ne!(other, group);
    let mut stranger = RawClient::connect(rpc);
    let unknown = Some(AssociationGroupId(0xdead));
    let refused = stranger.offer(PacketType::BIND, 0, EMSMDB, unknown);
    assert_eq!(refused, Err(BindNakReason::NOT_SPECIFIED));
    assert_eq!(stranger.stream.read(&mut [0]).expect("a FIN, not a reset"), 0);
}

#[test]
fn connections_to_the_mapper_are_counted_with_the_others() {
    let store = TestStore::start_with(StoreOptions {
        max_connections: 1,
        epm: Some(any_port()),
        ..options()
    });
    let [rpc, epm] = store.ports();
    let first = RawClient::bound(epm, EPM);
    for port in [rpc, epm] {
        let mut stream = TcpStream::connect(port).unwrap();
        assert_eq!(stream.read(&mut [0]).expect("a FIN, not a reset"), 0, "{port}");
    }
    drop(first);
}

#[test]
fn a_store_that_stops_closes_its_mapper_s_connections_too() {
    let store = with_mapper();
    let epm = store.handle.epm_address().unwrap();
    let mut client = RawClient::bound(epm, EPM);
    store.runtime.block_on(store.handle.stop()).unwrap();
    assert_eq!(client.stream.read(&mut [0]).expect("a FIN, not a reset"), 0);
}

#[test]
fn a_mapper_s_port_that_is_taken_is_an_error_that_names_it() {
    let store = with_mapper();
    let epm = store.handle.epm_address();
    let Err(error) = store.runtime.block_on(StoreHandle::start(StoreOptions { epm, ..options() }))
    else {
        panic!("two mappers on one port")
    };
    assert!(matches!(error, StartError::BindMapper { .. }), "{error}");
    assert!(error.to_string().contains(&epm.unwrap().to_string()), "{error}");
}

#[test]
fn a_session_s_handle_is_no_lookup_handle() {
    let store = TestStore::start();
    let mut session = store.bind();
    let connected: EcDoConnectExResponse = session.connect(Some("OUTLOOK.EXE"));
    let mut beside = RawClient::connect(store.handle.rpc_address().unwrap());
    beside.offer(PacketType::BIND, 0, EPM, Some(session.group)).unwrap();
    let handle = ContextHandle::from_bytes(connected.handle);
    let map = EptMapRequest { handle, ..question(EMSMDB) };
    let mismatch = Called::Fault(FaultStatus::CONTEXT_MISMATCH);
    assert_eq!(beside.call(0, opnum::EPT_MAP, &map.encode()), mismatch);
    assert_eq!(session.touch(connected.handle, None).0, connected.handle, "it is as it was");
}
