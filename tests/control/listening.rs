//! The control plane on a port.

use std::sync::Arc;

use control::{Access, BindError, Bound, ControlConfig, ControlLimits, bind};
use server::{StoreHandle, Stores};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::options;

async fn bound(address: std::net::SocketAddr) -> Result<Bound, BindError> {
    let store = StoreHandle::start(options()).await.expect("the store starts");
    let limits = ControlLimits { connections: 1, ..ControlLimits::default() };
    let stores = Arc::new(Stores::new(store));
    let version = "1.2.3".to_owned();
    let access = Access::default();
    bind(ControlConfig {
        address,
        stores,
        allow_shutdown: true,
        access,
        version,
        limits,
        recorder: None,
        dashboard: control::Bundle::default(),
    })
    .await
}

/// One request on a connection of its own; the whole answer.
async fn ask(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the port is open");
    stream.write_all(request.as_bytes()).await.expect("the request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the answer is text");
    answer
}

#[tokio::test]
async fn a_port_is_found_and_served_until_a_client_asks_the_server_to_leave() {
    let bound = bound(([127, 0, 0, 1], 0).into()).await.expect("a port is free");
    let address = bound.local_addr();
    assert_ne!(address.port(), 0);
    let mut shutdown = bound.shutdown_requested();
    let asked = async move { drop(shutdown.wait_for(|asked| *asked).await) };
    let served = tokio::spawn(bound.serve(asked));

    // More than one connection after another, where one at a time is allowed.
    for _ in 0..2 {
        let request =
            format!("GET /v1/info HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        let answer = ask(address, &request).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(answer.contains(&format!("\"address\":\"{address}\"")), "{answer}");
    }
    let request = format!(
        "POST /v1/shutdown HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    assert!(ask(address, &request).await.starts_with("HTTP/1.1 202"));
    served.await.expect("no panic");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let first = bound(([127, 0, 0, 1], 0).into()).await.expect("a port is free");
    let address = first.local_addr();
    let error = bound(address).await.expect_err("it is taken");
    assert_eq!(error.to_string(), format!("the control plane can't listen on `{address}`"));
    assert!(std::error::Error::source(&error).is_some());
}
