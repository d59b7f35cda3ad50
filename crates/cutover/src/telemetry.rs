//! OpenTelemetry, off unless OTEL_EXPORTER_OTLP_ENDPOINT names a collector: the spans of a run and
//! of every Cognito call, and how far an import is, by OTLP over HTTP. Spans carry names of
//! operations and codes; neither they nor the metrics carry anything of a user.

use std::env;
use std::time::Duration;

use async_trait::async_trait;
use bulk_import::{Progress, RunControl};
use http::{Request, Response};
use opentelemetry::trace::TracerProvider;
use opentelemetry::{KeyValue, global};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError};
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::{Builder, Handle, Runtime};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use crate::exit_status::Failure;
use crate::output;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// A collector that does not answer must not hold a run up at its end.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What goes to a collector for as long as the program runs.
pub(crate) struct Telemetry {
    spans: SdkTracerProvider,
    metrics: SdkMeterProvider,
    /// Of its own: it must outlive the command's.
    runtime: Runtime,
}

impl Telemetry {
    /// As the environment says; `None` when it names no collector.
    pub(crate) fn from_environment() -> Result<Option<Telemetry>, Failure> {
        let Some(endpoint) = env::var(ENDPOINT).ok().filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        if !endpoint.starts_with("http://") {
            let failure = Failure::usage(format!("{ENDPOINT} must begin with http://"));
            return Err(failure.hint("let a collector on this machine pass it on by TLS"));
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("telemetry")
            .enable_all()
            .build()
            .map_err(|error| {
                Failure::usage("could not start the telemetry's thread").source(error)
            })?;
        let (spans, metrics) = providers(runtime.handle()).map_err(|error| {
            let failure = Failure::usage("the OTEL_ variables describe no exporter");
            failure
                .source(error)
                .hint("the endpoint's form is http://127.0.0.1:4318")
        })?;
        global::set_meter_provider(metrics.clone());
        Ok(Some(Telemetry {
            spans,
            metrics,
            runtime,
        }))
    }

    /// What makes spans of the program's own.
    pub(crate) fn layer<S>(&self) -> impl Layer<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let ours = Targets::new()
            .with_target("bulk_import", LevelFilter::INFO)
            .with_target("cognito_user_pool", LevelFilter::INFO);
        tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_tracer(self.spans.tracer("cutover"))
            .with_filter(ours)
    }

    /// Sends what has not been sent yet.
    pub(crate) fn finish(self) {
        let spans = self.spans.shutdown_with_timeout(TIMEOUT);
        let metrics = self.metrics.shutdown_with_timeout(TIMEOUT);
        if spans.is_err() || metrics.is_err() {
            output::note(format_args!(
                "the collector that {ENDPOINT} names did not take everything: see whether it \
                 runs there; the command itself is not affected"
            ));
        }
        self.runtime.shutdown_background();
    }
}

fn providers(
    runtime: &Handle,
) -> Result<(SdkTracerProvider, SdkMeterProvider), ExporterBuildError> {
    let client = OnOwnRuntime {
        client: HyperClient::with_default_connector(TIMEOUT, None),
        runtime: runtime.clone(),
    };
    let mut resource = Resource::builder();
    if env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name("cutover");
    }
    let resource = resource.build();
    let spans = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(client.clone())
        .build()?;
    let metrics = MetricExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(client)
        .build()?;
    Ok((
        SdkTracerProvider::builder()
            .with_batch_exporter(spans)
            .with_resource(resource.clone())
            .build(),
        SdkMeterProvider::builder()
            .with_periodic_exporter(metrics)
            .with_resource(resource)
            .build(),
    ))
}

/// The exporters' threads know no runtime; the client needs one.
#[derive(Clone, Debug)]
struct OnOwnRuntime {
    client: HyperClient,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for OnOwnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self
            .runtime
            .spawn(async move { client.send_bytes(request).await });
        sent.await?
    }
}

/// Lets the collector see how far an import is. Does nothing when there is none.
pub(crate) fn observe(control: &RunControl) {
    let meter = global::meter("cutover");
    let progress = control.progress();
    let now = progress.clone();
    meter
        .u64_observable_counter("cutover.users")
        .with_unit("{user}")
        .with_description("Users with whom the import is done, by outcome")
        .with_callback(move |observer| {
            for (outcome, users) in outcomes(&now.borrow()) {
                observer.observe(users, &[KeyValue::new("outcome", outcome)]);
            }
        })
        .build();
    let users = |name, description, of: fn(&Progress) -> u64| {
        let now = progress.clone();
        meter
            .u64_observable_gauge(name)
            .with_unit("{user}")
            .with_description(description)
            .with_callback(move |observer| observer.observe(of(&now.borrow()), &[]))
            .build();
    };
    users(
        "cutover.users.to_do",
        "Users of the phase, done or not",
        |now| now.total,
    );
    users("cutover.users.in_flight", "Users in work", |now| {
        now.in_flight
    });
    meter
        .u64_observable_counter("cutover.throttled")
        .with_unit("{call}")
        .with_description("Calls that Cognito refused as too many")
        .with_callback(move |observer| observer.observe(progress.borrow().throttled, &[]))
        .build();
}

fn outcomes(progress: &Progress) -> [(&'static str, u64); 4] {
    [
        ("created", progress.created),
        ("already_in_pool", progress.already_in_pool),
        ("held", progress.held),
        ("failed", progress.failed),
    ]
}
