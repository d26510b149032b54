//! A headless Chromium, driven by the Chrome DevTools Protocol over two pipes.
//!
//! Chromium reads commands from file descriptor 3 and writes answers and events to file descriptor 4,
//! each ended by a NUL (`--remote-debugging-pipe`). No port is opened.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::start;

/// The program of Debian's package.
const PROGRAM: &str = "chromium";

/// The time that an answer may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Whether Chromium is installed.
pub(crate) static HAS_BROWSER: LazyLock<bool> = LazyLock::new(|| which::which(PROGRAM).is_ok());

/// A browser with one tab.
pub(crate) struct Browser {
    child: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    session: String,
    last: u64,
    events: Vec<Value>,
    // Its folder is removed when it has ended.
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser with a profile of its own.
    pub(crate) fn start() -> Browser {
        let profile = tempfile::Builder::new().prefix("cargo-pipe-test-").tempdir().unwrap();
        let mut command = start::command("sh");
        command.args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null", PROGRAM]);
        // Its own sandbox needs privileges that a container does not have.
        command.args(["--headless", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]);
        command.args(["--remote-debugging-pipe", "--no-first-run", "--disable-sync"]);
        command.args(["--disable-background-networking", "--disable-component-update"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        command.env("HOME", profile.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let commands = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || {
            for message in answers.split(0) {
                let Ok(bytes) = message else { return };
                let message = serde_json::from_slice(&bytes).unwrap();
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Browser {
            child,
            commands,
            messages,
            session: String::new(),
            last: 0,
            events: Vec::new(),
            _profile: profile,
        };
        browser.attach();
        browser
    }

    fn attach(&mut self) {
        let target = self.send("Target.createTarget", json!({"url": "about:blank"}));
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let attached = self.send("Target.attachToTarget", target);
        attached["sessionId"].as_str().unwrap().clone_into(&mut self.session);
        for domain in ["Page", "Runtime", "Log", "Network", "DOM"] {
            self.send(&format!("{domain}.enable"), json!({}));
        }
        self.resize(1280, 900);
    }

    /// Sends a command, and returns its result.
    pub(crate) fn send(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut command = json!({"id": self.last, "method": method, "params": params});
        if !self.session.is_empty() {
            command["sessionId"] = self.session.as_str().into();
        }
        let mut bytes = serde_json::to_vec(&command).unwrap();
        bytes.push(0);
        self.commands.write_all(&bytes).unwrap();
        loop {
            let message = self.receive(method);
            if message["id"] == self.last {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    /// Receives a message; an event is kept.
    fn receive(&mut self, waiting_for: &str) -> Value {
        let message = self.messages.recv_timeout(LIMIT);
        let message = message.unwrap_or_else(|error| panic!("{waiting_for}: {error}"));
        if message["id"].is_null() {
            self.events.push(message.clone());
        }
        message
    }

    /// Opens a file, and waits until it is loaded.
    pub(crate) fn open(&mut self, path: &Path) {
        self.events.clear();
        let path = path.canonicalize().unwrap();
        self.send("Page.navigate", json!({"url": format!("file://{}", path.display())}));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            self.receive("load");
        }
    }

    /// Evaluates an expression in the page.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.send("Runtime.evaluate", params);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Evaluates an expression that is a text.
    pub(crate) fn text(&mut self, expression: &str) -> String {
        let value = self.evaluate(expression);
        value.as_str().unwrap_or_else(|| panic!("{expression}: {value}")).to_owned()
    }

    /// Waits until the page has shown what the last input changed.
    pub(crate) fn settle(&mut self) {
        self.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)))");
    }

    /// Waits until an expression is true.
    pub(crate) fn wait_for(&mut self, expression: &str) {
        let deadline = Instant::now() + LIMIT;
        while self.evaluate(&format!("Boolean({expression})")) != true {
            assert!(Instant::now() < deadline, "{expression}");
            self.settle();
        }
    }

    /// Presses and releases a key.
    pub(crate) fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            " " => (32, " "),
            "ArrowDown" => (40, ""),
            _ => panic!("no code of the key `{key}`"),
        };
        let params = |kind: &str| json!({"type": kind, "key": key, "windowsVirtualKeyCode": code});
        let mut down = params(if text.is_empty() { "rawKeyDown" } else { "keyDown" });
        if !text.is_empty() {
            down["text"] = text.into();
        }
        self.send("Input.dispatchKeyEvent", down);
        self.send("Input.dispatchKeyEvent", params("keyUp"));
        self.settle();
    }

    /// Types a text.
    pub(crate) fn enter(&mut self, text: &str) {
        self.send("Input.insertText", json!({"text": text}));
        self.settle();
    }

    /// Chooses a file in the input with this selector.
    pub(crate) fn choose_file(&mut self, selector: &str, path: &Path) {
        let document = self.send("DOM.getDocument", json!({}));
        let root = &document["root"]["nodeId"];
        let input = self.send("DOM.querySelector", json!({"nodeId": root, "selector": selector}));
        let params = json!({"files": [path.to_str().unwrap()], "nodeId": input["nodeId"]});
        self.send("DOM.setFileInputFiles", params);
    }

    /// Prefers `light` or `dark`.
    pub(crate) fn prefer(&mut self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.send("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// Runs the scripts of pages, or does not.
    pub(crate) fn run_scripts(&mut self, enabled: bool) {
        self.send("Emulation.setScriptExecutionDisabled", json!({"value": !enabled}));
    }

    /// Changes the size of the window.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        let params =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.send("Emulation.setDeviceMetricsOverride", params);
    }

    /// Keeps a picture of the window in the folder `CARGO_PIPE_TEST_PICTURES`, if that is set.
    pub(crate) fn picture(&mut self, name: &str) {
        use base64::Engine;

        let Some(folder) = variable("CARGO_PIPE_TEST_PICTURES") else { return };
        let picture = self.send("Page.captureScreenshot", json!({}));
        let picture = picture["data"].as_str().unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(picture).unwrap();
        fs::write(Path::new(&folder).join(format!("{name}.png")), bytes).unwrap();
    }

    /// Everything that the page did wrong since it was opened: errors, messages on the console, and
    /// requests but for itself.
    pub(crate) fn complaints(&mut self) -> Vec<String> {
        // Events come before the answer to a later command.
        self.send("Runtime.evaluate", json!({"expression": "0"}));
        let mut complaints = Vec::new();
        for event in &self.events {
            let params = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded" => {
                    complaints.push(params.to_string());
                }
                "Network.requestWillBeSent" if params["type"] != "Document" => {
                    let url = params["request"]["url"].as_str().unwrap_or_default();
                    if url != "data:," {
                        complaints.push(format!("requested {url}"));
                    }
                }
                _ => {}
            }
        }
        complaints
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.commands.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let _ = self.child.wait();
    }
}

fn variable(name: &str) -> Option<String> {
    cargo_pipe::env_vars::EnvVars::of_process().get(name).map(str::to_owned)
}
