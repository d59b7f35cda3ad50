//! Serves one page on loopback, whatever it is at the moment. Takes no parameter, writes nothing, and
//! answers nobody who asks under another name than this machine's (DNS rebinding). Called by `watch`.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use chrono::Utc;
use rehearsal::{Watch, watch_page};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::exit_status::{ExitStatus, Failure};

/// What the page shows. It is made anew for whoever asks, so that ages are true however long a look at
/// the pool takes.
pub(crate) type Page = watch::Receiver<Arc<Watch>>;

/// Nothing from anywhere, and no script: the page is whole.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// Begins to serve, and returns the page's address.
pub(crate) async fn start(listen: SocketAddr, page: Page) -> Result<String, Failure> {
    if !listen.ip().is_loopback() {
        return Err(
            Failure::usage(format!("{listen} is not on this machine alone"))
                .hint("listen on 127.0.0.1; for others write the page as a file: --html FILE"),
        );
    }
    let unusable = |error| {
        Failure::new(ExitStatus::Usage, format!("could not listen on {listen}"))
            .source(error)
            .hint("choose another port with --listen; port 0 picks a free one")
    };
    let listener = TcpListener::bind(listen).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    let router = Router::new().route("/", get(answer)).with_state(page);
    tokio::spawn(async move {
        // Ends with the program.
        let _ = axum::serve(listener, router).await;
    });
    Ok(format!("http://{address}/"))
}

async fn answer(State(page): State<Page>, headers: HeaderMap) -> Response {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    if !host.is_some_and(is_this_machine) {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    let shown = Arc::clone(&page.borrow());
    let html = watch_page(&shown, Utc::now());
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, Html(html)).into_response()
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_names_are_answered() {
        for good in ["127.0.0.1:80", "localhost", "localhost:9", "[::1]:9"] {
            assert!(is_this_machine(good), "{good}");
        }
        for bad in ["evil.example", "127.0.0.1.evil.example:80", "", "[::2]:9"] {
            assert!(!is_this_machine(bad), "{bad}");
        }
    }
}
