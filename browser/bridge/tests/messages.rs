//! What page and worker say survives the way, through the browser's own structured clone.
#![cfg(target_arch = "wasm32")]

use std::fmt::Debug;

use bridge::{
    FromWorker, JobsAnswer, JobsAsk, MessageError, NetInput, NetOutput, Signed, Status, ToWorker, post,
    unpack,
};
use channel::{FromRunner, Ran, reckoner::PartsBy};
use codec::ContentId;
use jobs::{Ending, receipt};
use js_sys::{Array, Promise, Uint8Array};
use keys::{Identity, NodeId};
use net::{Failure, Input, Output, Protocol, RequestId, Responder};
use node::{Command, CommandError, Look, RecordView};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{MessageChannel, MessageEvent};

wasm_bindgen_test_configure!(run_in_browser);

fn peer() -> NodeId {
    Identity::from_seed([7; 32]).id()
}

/// Sends through a channel of the browser's, as `postMessage` between page and worker does.
async fn carry<T: Serialize + DeserializeOwned>(head: &T, parts: &[Vec<u8>]) -> (T, Vec<Vec<u8>>) {
    let channel = MessageChannel::new().unwrap();
    let (near, far) = (channel.port1(), channel.port2());
    let arrived = Promise::new(&mut |resolve, _| far.set_onmessage(Some(&resolve)));
    post(head, parts, |message, handed| near.post_message_with_transferable(message, handed)).unwrap();
    let event: MessageEvent = JsFuture::from(arrived).await.unwrap().unchecked_into();
    unpack(&event.data()).unwrap()
}

async fn same<T: Serialize + DeserializeOwned + Debug>(head: T, parts: Vec<Vec<u8>>) {
    let (there, bytes) = carry(&head, &parts).await;
    assert_eq!(format!("{there:?}"), format!("{head:?}"));
    assert_eq!(bytes, parts);
}

#[wasm_bindgen_test]
async fn messages_arrive_as_they_were() {
    let file = vec![vec![0, 1, 255], vec![]];
    let import = Command::Import { name: "säugetiere".into(), bytes: vec![] };
    same(ToWorker::Command { token: u64::MAX, command: import }, file.clone()).await;
    same(ToWorker::Start { webrtc: true }, vec![]).await;
    same(ToWorker::Verify { token: 1 }, file).await;
    same(FromWorker::Identity, vec![vec![9; 32]]).await;
    same(FromWorker::Status(Status::StorageRefused { detail: "private".into() }), vec![]).await;
    let result = Err(CommandError::NoDataset { name: "a".into() });
    same(FromWorker::Reply { token: 3, result }, vec![]).await;
    let record = RecordView {
        row: 2,
        cells: vec![None, Some("1".into())],
        json: r#"{"b":1}"#.into(),
        violations: vec!["a is missing".into()],
    };
    let look = Look { schema: "{}".into(), records: vec![record] };
    same(FromWorker::Rows { token: 4, look }, vec![]).await;
    let job = ContentId::of(b"a job");
    let graphs = Some(PartsBy::Graphics);
    same(ToWorker::Jobs(JobsAsk::Lend { share_percent: 50, hold: true, graphs }), vec![]).await;
    same(ToWorker::Jobs(JobsAsk::Cancel { token: 5, job }), vec![]).await;
    same(ToWorker::Jobs(JobsAsk::Rerun { token: 6 }), vec![vec![1], vec![], vec![2; 100_000]]).await;
    let signed = JobsAnswer::Signed { token: 5, result: Ok(Signed { job, blobs: vec![job] }) };
    same(FromWorker::Jobs(signed), vec![vec![7]]).await;
    let reran = JobsAnswer::Reran { token: 6, result: Err("its fuel differs".into()) };
    same(FromWorker::Jobs(reran), vec![]).await;
    let ran = Ran {
        ending: Ending::Trap(receipt::Failure::new("out-of-fuel", "it used all its fuel")),
        fuel: u64::MAX,
        memory_peak_bytes: 1 << 32,
        wall_us: 1,
        worked_us: 1,
        held_bytes: 1,
    };
    same(FromRunner::Ran(ran), vec![vec![], b"out of luck".to_vec()]).await;
}

#[wasm_bindgen_test]
async fn inputs_and_outputs_are_joined_again() {
    let (peer, address) = (peer(), "/ip4/127.0.0.1/tcp/1/ws".to_owned());
    for input in [
        Input::Connected { peer, address: address.clone() },
        Input::DialFailed { peer, address: address.clone(), error: "no".into() },
        Input::Disconnected { peer },
        Input::Request {
            peer,
            responder: Responder(u64::MAX),
            protocol: Protocol::Aggregate,
            body: vec![1, 2],
        },
        Input::Response { id: RequestId(2), result: Ok(vec![]) },
        Input::Response { id: RequestId(2), result: Err(Failure::Disconnected) },
        Input::Response { id: RequestId(2), result: Err(Failure::TimedOut) },
        Input::Response { id: RequestId(2), result: Err(Failure::Refused) },
    ] {
        let (head, parts) = NetInput::split(input.clone()).unwrap();
        let (head, parts) = carry(&head, &parts).await;
        assert_eq!(head.join(parts), Some(input));
    }
    for output in [
        Output::Dial { peer, address },
        Output::Hangup { peer },
        Output::Request { peer, id: RequestId(5), protocol: Protocol::Link, body: vec![3; 100_000] },
        Output::Respond { responder: Responder(6), body: vec![4] },
        Output::Ignore { responder: Responder(7) },
    ] {
        let (head, parts) = NetOutput::split(output.clone()).unwrap();
        let (head, parts) = carry(&head, &parts).await;
        assert_eq!(head.join(parts), Some(output));
    }
}

#[wasm_bindgen_test]
fn what_is_no_message_is_refused() {
    let text = |text: &str| JsValue::from(text);
    for shape in [JsValue::NULL, text("hello"), Array::new().into(), Array::of1(&1.into()).into()] {
        assert_eq!(unpack::<ToWorker>(&shape).unwrap_err(), MessageError::Shape);
    }
    let part = Array::of2(&text("\"Shown\""), &text("not bytes"));
    assert_eq!(unpack::<ToWorker>(&part).unwrap_err(), MessageError::Shape);
    for head in ["", "{}", "\"Later\"", "{\"Rows\":{\"token\":-1}}"] {
        let message = Array::of2(&text(head), &Uint8Array::new_with_length(1));
        assert!(matches!(unpack::<ToWorker>(&message).unwrap_err(), MessageError::Head { .. }), "{head}");
    }
    let request = NetInput::Request { peer: peer(), responder: 1, protocol: "/other/1".into() };
    assert_eq!(request.join(vec![vec![]]), None, "an unknown protocol");
    assert_eq!(NetInput::Response { id: 1, failure: None }.join(vec![]), None, "a body is missing");
}
