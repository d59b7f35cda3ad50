//! An HTTP front before a pool that does to each call what a test says: pass it on, lose the
//! answer, refuse it, cut the connection. Keeps the names of the operations that came through.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What happens to a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Nothing: the pool gets it and its answer comes back.
    None,
    /// The connection is cut before the pool sees the call.
    CutBefore,
    /// The pool does the work, and the connection is cut before the answer.
    LoseAnswer,
    /// The pool does not see the call; the caller gets this exception.
    Refuse(&'static str),
    /// The pool does the work, and the caller gets this exception with status 500.
    FailAfter(&'static str),
    /// Neither work nor answer, for ever.
    Hang,
}

/// A call that came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// The operation's name.
    pub(crate) operation: &'a str,
    /// Counted from 1 over all operations.
    pub(crate) number: usize,
}

type Rule = dyn Fn(Call<'_>) -> Fault + Send + Sync;

pub(crate) struct FaultFront {
    pub(crate) endpoint: String,
    calls: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

struct Front {
    upstream: String,
    rule: Box<Rule>,
    calls: Arc<Mutex<Vec<String>>>,
}

/// Makes hyper cut the connection.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut")
    }
}

impl std::error::Error for Cut {}

impl FaultFront {
    /// Starts before the endpoint, doing what the rule says.
    pub(crate) async fn start(
        endpoint: &str,
        rule: impl Fn(Call<'_>) -> Fault + Send + Sync + 'static,
    ) -> FaultFront {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let calls = Arc::new(Mutex::new(Vec::new()));
        let upstream = endpoint
            .strip_prefix("http://")
            .expect("a local endpoint")
            .to_owned();
        let front = Arc::new(Front {
            upstream,
            rule: Box::new(rule),
            calls: Arc::clone(&calls),
        });
        let server = tokio::spawn(serve(listener, front));
        FaultFront {
            endpoint: format!("http://{address}"),
            calls,
            server,
        }
    }

    /// The operations called so far, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().expect("no panic while held").clone()
    }
}

impl Drop for FaultFront {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, front: Arc<Front>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let front = Arc::clone(&front);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let front = Arc::clone(&front);
                async move { front.answer(request).await }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            // A cut connection ends in an error, as it should.
            let _ = connection
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

impl Front {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Cut> {
        let target = request.headers().get("x-amz-target");
        let target = target
            .and_then(|target| target.to_str().ok())
            .unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let number = {
            let mut calls = self.calls.lock().expect("no panic while held");
            calls.push(operation.clone());
            calls.len()
        };
        match (self.rule)(Call {
            operation: &operation,
            number,
        }) {
            Fault::None => self.forward(request).await,
            Fault::CutBefore => Err(Cut),
            Fault::LoseAnswer => {
                self.forward(request).await?;
                Err(Cut)
            }
            Fault::Refuse(exception) => Ok(refusal(exception, StatusCode::BAD_REQUEST)),
            Fault::FailAfter(exception) => {
                self.forward(request).await?;
                Ok(refusal(exception, StatusCode::INTERNAL_SERVER_ERROR))
            }
            Fault::Hang => std::future::pending().await,
        }
    }

    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Cut> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
        // A task of its own: the work is done even if the caller goes away meanwhile.
        let upstream = self.upstream.clone();
        let answer = tokio::spawn(async move {
            let stream = TcpStream::connect(upstream).await.map_err(|_| Cut)?;
            stream.set_nodelay(true).map_err(|_| Cut)?;
            let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
            let (mut sender, connection) = handshake.map_err(|_| Cut)?;
            tokio::spawn(connection);
            let request = Request::from_parts(head, Full::new(body));
            let answer = sender.send_request(request).await.map_err(|_| Cut)?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
            Ok(Response::from_parts(head, Full::new(body)))
        });
        answer.await.map_err(|_| Cut)?
    }
}

fn refusal(exception: &str, status: StatusCode) -> Response<Full<Bytes>> {
    let body = format!(r#"{{"__type":"{exception}","message":"as the test says"}}"#);
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(
        "content-type",
        "application/x-amz-json-1.1".parse().expect("a header"),
    );
    headers.insert("x-amzn-errortype", exception.parse().expect("a header"));
    answer
}

/// A rule that never interferes.
pub(crate) fn pass(_: Call<'_>) -> Fault {
    Fault::None
}
