//! One HTTP/1.1 request over a fresh connection, redirects included.

use std::{
    error::Error as _,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Context,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Body as _, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};
use tokio_rustls::TlsConnector;
use url::Url;

use super::{
    Prober, Stage, Trace, micros32,
    plan::{Hop, HttpPlan},
    tls,
};
use crate::model::failure::{Failure, FailureKind, bytes_in_words};

/// A check reads at most this much of a body.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// A chain of redirects longer than this is a loop.
const REDIRECTS_MAX: usize = 10;
/// The read buffer of a connection may grow to this, which bounds the head of an answer.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// An answer read to its end.
#[derive(Debug)]
pub struct Received {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

enum Reply {
    Answer(Received),
    Redirect(StatusCode, Url),
}

/// What is sent next, which a redirect may change.
struct Asking {
    hop: Hop,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
}

impl Prober {
    /// Sends the request and follows redirects.
    pub(super) async fn http(&self, plan: &HttpPlan, trace: &mut Trace) -> Result<Received, Failure> {
        let mut headers = plan.headers.clone();
        let kit = self.kit();
        for (name, file) in &plan.secret_files {
            let value = kit.secrets.get(file).await;
            headers.insert(
                name.clone(),
                value.map_err(|why| Failure::new(FailureKind::Blocked, format!("was not asked: {why}")))?,
            );
        }
        let mut asking = Asking {
            hop: plan.hop.clone(),
            method: plan.method.clone(),
            headers,
            body: plan.body.clone(),
        };
        for _ in 0..=REDIRECTS_MAX {
            match self.ask(plan, &asking, trace).await? {
                Reply::Answer(received) => return Ok(received),
                Reply::Redirect(status, url) => asking = asking.redirected(plan, status, url)?,
            }
        }
        Err(Failure::new(
            FailureKind::Protocol,
            format!(
                "redirected more than {REDIRECTS_MAX} times, at last to {}",
                asking.hop.url
            ),
        ))
    }

    async fn ask(&self, plan: &HttpPlan, asking: &Asking, trace: &mut Trace) -> Result<Reply, Failure> {
        trace.start_hop();
        let stream = self.connector.connect(&asking.hop.place, trace).await?;
        let Some(server_name) = &asking.hop.server_name else {
            return exchange(stream, plan, asking, trace).await;
        };
        trace.enter(Stage::Tls);
        let began = Instant::now();
        let config = self.kit().tls.get(plan.insecure).map_err(|why| {
            Failure::new(
                FailureKind::Tls,
                format!("could not be checked: no trusted certificates here ({why})"),
            )
        })?;
        let stream = TlsConnector::from(config)
            .connect(server_name.clone(), stream)
            .await
            .map_err(|error| Failure::new(FailureKind::Tls, tls::handshake_in_words(&error, &server_name.to_str())))?;
        trace.phases.tls_us = Some(micros32(began));
        trace.tls_days_left = stream
            .get_ref()
            .1
            .peer_certificates()
            .and_then(|chain| tls::days_left(chain.first()?, self.world.now()));
        exchange(stream, plan, asking, trace).await
    }
}

impl Asking {
    fn redirected(self, plan: &HttpPlan, status: StatusCode, url: Url) -> Result<Self, Failure> {
        let hop = Hop::to(url).map_err(|why| Failure::new(FailureKind::Protocol, format!("redirected, but {why}")))?;
        // RFC 9110 section 15.4: 303 always becomes GET; 301 and 302 do for POST.
        let becomes_get = status == StatusCode::SEE_OTHER
            || (self.method == Method::POST && matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND));
        let becomes_get = becomes_get && self.method != Method::HEAD;
        let mut headers = self.headers;
        let elsewhere = hop.place != self.hop.place || (hop.server_name.is_none() && self.hop.server_name.is_some());
        if elsewhere {
            for name in &plan.secret_names {
                headers.remove(name);
            }
        }
        Ok(Self {
            hop,
            method: if becomes_get { Method::GET } else { self.method },
            headers,
            body: if becomes_get { Bytes::new() } else { self.body },
        })
    }
}

/// The request and its answer over an open connection.
async fn exchange<S>(stream: S, plan: &HttpPlan, asking: &Asking, trace: &mut Trace) -> Result<Reply, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    trace.enter(Stage::FirstByte);
    let began = Instant::now();
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| broken(&error, trace))?;
    let mut driver = Driver(Some(pin!(connection)));
    let response = driver
        .beside(sender.send_request(request(asking)))
        .await
        .map_err(|error| broken(&error, trace))?;
    trace.phases.first_byte_us = Some(micros32(began));
    trace.status = Some(response.status().as_u16());
    if plan.follow_redirects
        && let Some(target) = redirect_target(&response, &asking.hop.url)
    {
        return target.map(|url| Reply::Redirect(response.status(), url));
    }
    trace.enter(Stage::Body);
    let began = Instant::now();
    let (head, body) = response.into_parts();
    let body = read_body(body, &mut driver, trace).await?;
    trace.phases.body_us = Some(micros32(began));
    Ok(Reply::Answer(Received {
        status: head.status,
        headers: head.headers,
        body,
    }))
}

fn request(asking: &Asking) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(asking.body.clone()));
    *request.method_mut() = asking.method.clone();
    *request.uri_mut() = asking.hop.target.clone();
    *request.headers_mut() = asking.headers.clone();
    request
        .headers_mut()
        .entry(header::HOST)
        .or_insert_with(|| asking.hop.host_header.clone());
    request
}

/// Where the answer redirects to, if it does.
fn redirect_target(response: &Response<Incoming>, from: &Url) -> Option<Result<Url, Failure>> {
    use StatusCode as S;
    let redirects = [
        S::MOVED_PERMANENTLY,
        S::FOUND,
        S::SEE_OTHER,
        S::TEMPORARY_REDIRECT,
        S::PERMANENT_REDIRECT,
    ];
    if !redirects.contains(&response.status()) {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?;
    let url = location.to_str().ok().and_then(|location| from.join(location).ok());
    Some(url.ok_or_else(|| {
        let message = format!("answered {} with a Location that is no URL", response.status().as_u16());
        Failure::new(FailureKind::Protocol, message)
    }))
}

async fn read_body<C>(mut body: Incoming, driver: &mut Driver<'_, C>, trace: &mut Trace) -> Result<Vec<u8>, Failure>
where
    C: Future,
{
    let too_large = || {
        let cap = bytes_in_words(BODY_BYTES_MAX as u64);
        Failure::new(
            FailureKind::TooLarge,
            format!("answered with a body of more than {cap}"),
        )
    };
    let announced = body.size_hint().lower();
    if announced > BODY_BYTES_MAX as u64 {
        trace.body_bytes = Some(announced);
        return Err(too_large());
    }
    let mut whole = Vec::with_capacity(usize::try_from(announced).unwrap_or_default());
    trace.body_bytes = Some(0);
    while let Some(frame) = driver.beside(body.frame()).await {
        let frame = frame.map_err(|error| broken(&error, trace))?;
        let Some(data) = frame.data_ref() else { continue };
        trace.body_bytes = Some((whole.len() + data.len()) as u64);
        if whole.len() + data.len() > BODY_BYTES_MAX {
            return Err(too_large());
        }
        whole.extend_from_slice(data);
    }
    Ok(whole)
}

/// Moves a connection along while something that depends on it is waited for, without a task of its own.
struct Driver<'c, C>(Option<Pin<&'c mut C>>);

impl<C: Future> Driver<'_, C> {
    async fn beside<F: Future>(&mut self, work: F) -> F::Output {
        let mut work = pin!(work);
        poll_fn(|context| {
            self.poll(context);
            work.as_mut().poll(context)
        })
        .await
    }

    fn poll(&mut self, context: &mut Context<'_>) {
        // How the connection ended reaches whoever waits for the answer.
        if self
            .0
            .as_mut()
            .is_some_and(|connection| connection.as_mut().poll(context).is_ready())
        {
            self.0 = None;
        }
    }
}

/// A connection that did not carry a whole answer, in words.
fn broken(error: &hyper::Error, trace: &Trace) -> Failure {
    let in_body = trace.status.is_some();
    let io = error
        .source()
        .and_then(|source| source.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind);
    let message = match io {
        _ if error.is_parse_too_large() => "answered with a head of more than 64 KiB".to_owned(),
        _ if error.is_parse() => "answered with something that is not HTTP".to_owned(),
        Some(std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe) if in_body => {
            "reset the connection in the middle of its answer".to_owned()
        }
        Some(std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe) => {
            "reset the connection before it answered".to_owned()
        }
        _ if in_body => "closed the connection in the middle of its answer".to_owned(),
        _ if error.is_incomplete_message() || error.is_canceled() || error.is_closed() => {
            "closed the connection before it answered".to_owned()
        }
        _ => format!("broke the connection: {error}"),
    };
    Failure::new(FailureKind::Protocol, message)
}
