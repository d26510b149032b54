//! A server of the Model Context Protocol on standard input and output, for editors and agents.
//!
//! This module speaks the protocol; `session` does the work, in one thread at a time, and `answers`
//! has the types of its results. The only asynchronous code of cargo pipe is here, on a runtime of
//! one thread.

mod answers;
mod session;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::model::{Implementation, ProgressNotificationParam, ServerCapabilities, ServerConfig};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler, ServiceExt, tool, tool_handler, tool_router};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use self::answers::{
    CheckList, ExplainAnswer, ExplainRequest, FindingsPage, FindingsRequest, FixAnswer, FixRequest,
    RunAnswer, RunRequest,
};
use self::session::AgentSession;
use crate::cli::exit::Failure;
use crate::cli::settings::ProjectLocation;
use crate::event::{Event, Observer};
use crate::outcome::Verdict;
use crate::pipeline::Cancel;
use crate::process::try_threads;
use crate::report::human::status_name;

/// The threads of the runtime for one client: it reads, writes and answers a call. The runtime panics
/// where the system refuses the first one, and waits for ever where it refuses the others.
const CLIENT_THREADS: usize = 3;

/// Serves one client until it closes standard input, or `stop` is interrupted. What runs then is
/// interrupted, and has ended when this returns.
pub(super) fn serve(place: ProjectLocation, stop: &Cancel) -> Result<Verdict, Failure> {
    let system = |what: &str| {
        let what = what.to_owned();
        move |source: io::Error| Failure::System { what, source }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(system("cannot start the server"))?;
    let stopped = Arc::new(Notify::new());
    let (wake, wakes) = std::sync::mpsc::channel();
    let listening = stop.listen(wake);
    let notify = Arc::clone(&stopped);
    let wait = move || {
        if wakes.recv().is_ok() {
            notify.notify_one();
        }
    };
    thread::Builder::new().spawn(wait).map_err(system("cannot start the server"))?;
    try_threads(CLIENT_THREADS).map_err(system("cannot start the server"))?;
    let session = Arc::new(Mutex::new(AgentSession::new(place)));
    let calls = stop.part();
    let server = Server { session: Arc::clone(&session), calls: calls.clone() };
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = serve_client(server) => ended,
            () = stopped.notified() => Ok(()),
        }
    });
    calls.interrupt();
    // The call that runs has ended with this, and no other one begins.
    let _last = session.lock().unwrap_or_else(PoisonError::into_inner);
    // A read of standard input that waits cannot be ended.
    runtime.shutdown_background();
    drop(listening);
    ended.map_err(|error| system("cannot serve the client")(io::Error::other(error)))?;
    Ok(if stop.stopped().is_some() { Verdict::Interrupted } else { Verdict::Passed })
}

async fn serve_client(server: Server) -> Result<(), String> {
    let service = match server.serve(rmcp::transport::stdio()).await {
        Ok(service) => service,
        // A client that leaves before its first message.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    service.waiting().await.map(drop).map_err(|error| error.to_string())
}

/// A step of a call, for a client that shows progress.
struct Step {
    done: usize,
    all: usize,
    message: String,
}

/// Sends the steps of a run.
struct Steps {
    done: usize,
    all: usize,
    sender: UnboundedSender<Step>,
}

impl Observer for Steps {
    fn observe(&mut self, event: &Event<'_>) {
        let message = match event {
            Event::Started(plan) => {
                (self.done, self.all) = (0, plan.steps.len());
                return;
            }
            Event::PullStarted { image } => format!("pulling {image}"),
            Event::BuildStarted { environment } => format!("building {environment}"),
            Event::CheckStarted { check } => format!("{check} runs"),
            Event::CheckFinished { outcome } => {
                self.done += 1;
                format!("{}: {}", outcome.id, status_name(outcome.status))
            }
            _ => return,
        };
        // The client is gone if nothing receives it.
        let _ = self.sender.send(Step { done: self.done, all: self.all, message });
    }
}

#[derive(Clone)]
struct Server {
    session: Arc<Mutex<AgentSession>>,
    /// The cancellation of all calls.
    calls: Cancel,
}

/// The description of this server for its clients.
const INSTRUCTIONS: &str = "\
cargo pipe runs the code-quality checks of this project exactly as its CI runs them. Call `run_checks` \
after a change; unchanged checks are answered from a cache. `findings` returns the rest of what was \
found, page by page. `fix` shows a patch, and writes it only with `confirm`. Permissions are granted by \
the user in a terminal with `cargo pipe trust`, never here.";

#[tool_router]
impl Server {
    /// List the checks of the project: their tools, what they check, and whether they can fix it
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    async fn list_checks(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<CheckList>, String> {
        self.answer(context, |session, _, _| session.list()).await
    }

    /// Run checks as CI runs them, and return the verdict with the first findings. Nothing is changed
    #[tool(annotations(read_only_hint = true, idempotent_hint = true, open_world_hint = false))]
    async fn run_checks(
        &self,
        Parameters(request): Parameters<RunRequest>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<RunAnswer>, String> {
        self.answer(context, |session, cancel, steps| session.run(request, cancel, steps)).await
    }

    /// Return findings of the last run, page by page
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    async fn findings(
        &self,
        Parameters(request): Parameters<FindingsRequest>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<FindingsPage>, String> {
        self.answer(context, move |session, _, _| session.findings(&request)).await
    }

    /// Explain why a check would run instead of being answered from the cache
    #[tool(annotations(read_only_hint = true, open_world_hint = false))]
    async fn explain(
        &self,
        Parameters(request): Parameters<ExplainRequest>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<ExplainAnswer>, String> {
        self.answer(context, |session, cancel, steps| session.explain(request, cancel, steps)).await
    }

    /// Show as a patch what the fixers of checks would change; with `confirm`, change the files
    #[tool(annotations(read_only_hint = false, destructive_hint = true, open_world_hint = false))]
    async fn fix(
        &self,
        Parameters(request): Parameters<FixRequest>,
        context: RequestContext<RoleServer>,
    ) -> Result<Json<FixAnswer>, String> {
        self.answer(context, |session, cancel, steps| session.fix(request, cancel, steps)).await
    }
}

impl Server {
    /// Answers a call in a thread, because a run blocks. The call waits for the one before it.
    async fn answer<T: Send + 'static>(
        &self,
        context: RequestContext<RoleServer>,
        work: impl FnOnce(&mut AgentSession, &Cancel, &mut Steps) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Json<T>, String> {
        let (sender, mut steps) = unbounded_channel();
        let cancel = self.calls.part();
        let call = cancel.clone();
        let session = Arc::clone(&self.session);
        let mut task = tokio::task::spawn_blocking(move || {
            let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut session, &call, &mut Steps { done: 0, all: 0, sender })
        });
        let ended = loop {
            tokio::select! {
                ended = &mut task => break ended,
                () = context.ct.cancelled(), if cancel.stopped().is_none() => cancel.interrupt(),
                Some(step) = steps.recv() => notify(&context, step).await,
            }
        };
        while let Ok(step) = steps.try_recv() {
            notify(&context, step).await;
        }
        match ended {
            Ok(Ok(answer)) => Ok(Json(answer)),
            Ok(Err(failure)) => Err(describe(&failure)),
            Err(error) => Err(format!("the call failed, which is a bug in cargo pipe: {error}")),
        }
    }
}

#[tool_handler]
impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let tools = ServerCapabilities::builder().enable_tools().build();
        ServerConfig::new(tools)
            .with_server_info(Implementation::new("cargo-pipe", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }
}

/// Tells the client about a step, if it asked for that.
async fn notify(context: &RequestContext<RoleServer>, step: Step) {
    let Some(token) = context.meta.get_progress_token() else { return };
    let Step { done, all, message } = step;
    let progress = ProgressNotificationParam::new(token, done as f64)
        .with_total(all as f64)
        .with_message(message);
    // A client that is gone needs no progress.
    let _ = context.peer.notify_progress(progress).await;
}

/// Renders an error with what to do about it.
fn describe(failure: &Failure) -> String {
    match failure.hint() {
        Some(hint) => format!("{failure}\nhint: {hint}"),
        None => failure.to_string(),
    }
}
