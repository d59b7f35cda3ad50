//! The body of an answer, whole or broken off half way.
//!
//! Responsible for the one thing a plain body cannot do: promise its full length, send half of it
//! and fail. Used by the server for faults on request.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

pub(crate) enum AnswerBody {
    Whole(Full<Bytes>),
    Half {
        left: Option<Bytes>,
        promised: u64,
        /// Whether the half had its chance to leave.
        flushed: bool,
    },
}

/// The connection is to be reset instead of answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionReset;

impl fmt::Display for ConnectionReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is reset on request")
    }
}

impl std::error::Error for ConnectionReset {}

impl AnswerBody {
    pub(crate) fn whole(body: Full<Bytes>) -> Self {
        Self::Whole(body)
    }

    pub(crate) fn half(body: Full<Bytes>) -> Self {
        let promised = body.size_hint().exact().unwrap_or_default();
        let mut body = body;
        let mut context = Context::from_waker(std::task::Waker::noop());
        let bytes = match Pin::new(&mut body).poll_frame(&mut context) {
            Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            _ => Bytes::new(),
        };
        let left = Some(bytes.slice(..bytes.len() / 2));
        Self::Half {
            left,
            promised,
            flushed: false,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = ConnectionReset;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ConnectionReset>>> {
        match &mut *self {
            Self::Whole(body) => Pin::new(body)
                .poll_frame(context)
                .map(|frame| frame.map(|frame| frame.map_err(|never: Infallible| match never {}))),
            Self::Half { left, flushed, .. } => match left.take() {
                Some(half) => Poll::Ready(Some(Ok(Frame::data(half)))),
                // The connection writes out what it has when the body has nothing for it.
                None if !*flushed => {
                    *flushed = true;
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                None => Poll::Ready(Some(Err(ConnectionReset))),
            },
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Half { promised, .. } => SizeHint::with_exact(*promised),
        }
    }
}
