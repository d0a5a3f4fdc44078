//! RopRegisterNotification, RopNotify and RopPending byte by byte.

use emsmdb::rop::{
    FolderId, MessageId, NotificationScope, NotificationTypes, RopBuffer, RopError, RopId,
    RopNotifyNewMail, RopRegisterNotificationRequest, RopRequest, RopResponse, RopResponseBuffer,
    decode_request_buffer, decode_response_buffer,
};

use super::{hex, utf16};

fn registration(types: u16, scope: NotificationScope) -> RopRequest {
    RopRequest::RegisterNotification(RopRegisterNotificationRequest {
        logon_id: 0,
        input_index: 1,
        output_index: 2,
        types: NotificationTypes(types),
        scope,
    })
}

#[test]
fn registrations_are_read_as_written_in_each_form() {
    let inbox =
        NotificationScope::Object { folder: FolderId::new(1, 5), message: MessageId([0; 8]) };
    for (row, payload, types, scope) in [
        ("everything", "0900 29 00 01 02 0200 01", 0x0002, NotificationScope::WholeStore),
        ("a folder", "1900 29 00 01 02 0200 00 0100000000000005 0000000000000000", 0x0002, inbox),
        ("extended", "0a00 29 00 01 02 0204 00 01", 0x0402, NotificationScope::WholeStore),
    ] {
        let expected = RopBuffer { rops: vec![registration(types, scope)], handles: vec![] };
        assert_eq!(decode_request_buffer(&hex(payload)), Ok(expected.clone()), "{row}");
        assert_eq!(expected.encode(), hex(payload), "{row}");
    }
}

#[test]
fn a_registration_that_is_cut_off_names_the_field_it_lacks() {
    for (payload, says) in [
        ("0500 29 00 01", "RopRegisterNotification request: OutputHandleIndex at offset 5"),
        ("0700 29 00 01 02 02", "RopRegisterNotification request: NotificationTypes at offset 6"),
        ("0a00 29 00 01 02 0200 00 01", "RopRegisterNotification request: FolderId at offset 9"),
    ] {
        let error = decode_request_buffer(&hex(payload)).expect_err(payload).to_string();
        assert!(error.starts_with(says), "{error}");
    }
}

#[test]
fn what_a_server_says_unasked_is_read_as_written() {
    let notify = RopNotifyNewMail {
        notification_handle: 0x65,
        logon_id: 0,
        folder: FolderId::new(1, 5),
        message: MessageId::new(1, 0x1_0000),
        message_flags: 0,
        message_class: utf16("IPM"),
    };
    let expected = RopResponseBuffer {
        responses: vec![
            RopResponse::NotificationRegistered { output_index: 2 },
            RopResponse::NotifyNewMail(notify.clone()),
            RopResponse::Pending { session_index: 0x0011 },
        ],
        handles: vec![0x65],
    };
    let payload = hex("3000 29 02 00000000
         2a 65000000 00 0280 0100000000000005 0100000000010000 00000000 01 490050004d000000
         6e 1100 65000000");
    assert_eq!(expected.encode(), payload);
    assert_eq!(decode_response_buffer(&payload), Ok(expected.clone()));
    let lengths = expected.responses.iter().map(RopResponse::encoded_len);
    assert_eq!(lengths.collect::<Vec<_>>(), [6, 37, 3]);
    // Another server may write the class with 8-bit characters.
    let narrow =
        hex("2300 2a 65000000 00 0280 0100000000000005 0100000000010000 00000000 00 49504d00");
    let read = decode_response_buffer(&narrow).map(|buffer| buffer.responses);
    assert_eq!(read, Ok(vec![RopResponse::NotifyNewMail(notify)]));
}

#[test]
fn an_event_of_another_kind_is_of_unknown_form() {
    let created = hex("0a00 2a 65000000 00 0480");
    let error = RopError::UnknownResponse { rop_id: RopId::NOTIFY, offset: 2 };
    assert_eq!(decode_response_buffer(&created), Err(error));
}
