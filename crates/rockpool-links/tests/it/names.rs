//! A name server on loopback that says of every name that it is there, too.
use std::net::SocketAddr;

use tokio::net::UdpSocket;

/// Answers for ever, in the background.
pub(crate) async fn name_server() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut query = [0; 512];
        while let Ok((bytes, from)) = socket.recv_from(&mut query).await {
            let _ = socket.send_to(&answer(&query[..bytes]), from).await;
        }
    });
    address
}

/// One address of type A; nothing of any other type (RFC 1035 section 4).
fn answer(query: &[u8]) -> Vec<u8> {
    let name_end = 12 + query[12..].iter().position(|b| *b == 0).unwrap();
    let question = &query[12..name_end + 5];
    let is_a = question[question.len() - 4..question.len() - 2] == [0, 1];
    let mut answer = query[..2].to_vec();
    answer.extend([0x81, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
    answer.extend_from_slice(question);
    if is_a {
        answer.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    answer
}
