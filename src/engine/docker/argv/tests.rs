use super::super::podman::PodmanRights;
use super::*;

fn container() -> Container {
    Container {
        dialect: Dialect::Docker,
        name: "n".into(),
        labels: BTreeMap::from([("dev.cargo-pipe.run".into(), "r".into())]),
        image: "i".into(),
        platform: None,
        cpus: None,
        memory: None,
        user: (1000, 1001),
        env: BTreeMap::from([("TZ".into(), "UTC".into())]),
        passed: Vec::new(),
        mounts: vec![Mount {
            source: Source::Bind("/p".into()),
            target: "/app".into(),
            access: Access::Read,
        }],
        network: ContainerNetwork::None,
        socket: None,
        stdin: ContainerStdin::Closed,
        folder: "/app".into(),
        command: vec!["python3".into(), "x".into()],
    }
}

fn typed(container: &Container) -> String {
    run(container).join(OsStr::new(" ")).into_string().unwrap()
}

#[test]
fn a_container_gets_every_flag_of_the_sandbox() {
    assert_eq!(
        typed(&container()),
        "run --rm --name n --label dev.cargo-pipe.run=r --hostname pipe --init --pull never --log-driver none \
         --network none --read-only --tmpfs /tmp:rw,exec,nosuid,nodev,size=1g,mode=1777 \
         --user 1000:1001 --cap-drop ALL --security-opt no-new-privileges --pids-limit 1024 \
         --env TZ=UTC --env ALL_PROXY= --env FTP_PROXY= --env HTTPS_PROXY= --env HTTP_PROXY= \
         --env NO_PROXY= --env all_proxy= --env ftp_proxy= --env http_proxy= \
         --env https_proxy= --env no_proxy= --mount type=bind,source=/p,target=/app,readonly --workdir /app \
         --entrypoint python3 i x"
    );
}

#[test]
fn a_grant_changes_nothing_else() {
    let mut granted = container();
    granted.network = ContainerNetwork::Granted;
    granted.socket = Some(SharedSocket { path: "/run/my,docker.sock".into(), group: 999 });
    let socket = "--mount type=bind,\"source=/run/my,docker.sock\",target=/var/run/docker.sock \
                  --group-add 999 --workdir";
    let sandboxed = typed(&container());
    let proxies: Vec<String> = PROXIES.iter().map(|name| format!("--env {name}= ")).collect();
    let expected = sandboxed
        .replace("--network none", "--network bridge")
        .replace(&proxies.concat(), "")
        .replace("--workdir", socket);
    assert_eq!(typed(&granted), expected);
}

#[test]
fn fewer_processors_change_nothing_else() {
    let mut slow = container();
    slow.cpus = Some(2);
    let expected = typed(&container()).replace(" --env TZ", " --cpuset-cpus 0-1 --env TZ");
    assert_eq!(typed(&slow), expected);
}

#[test]
fn a_limit_of_memory_allows_no_swap_and_changes_nothing_else() {
    let mut limited = container();
    limited.memory = Some(ByteSize(4 << 30));
    let limits = "--pids-limit 1024 --memory 4294967296 --memory-swap 4294967296";
    assert_eq!(typed(&limited), typed(&container()).replace("--pids-limit 1024", limits));
}

#[test]
fn a_created_volume_has_the_labels_of_its_container() {
    let mut streamed = container();
    streamed.mounts[0].source = Source::Volume("v".into());
    let mount = "--mount type=volume,source=v,target=/app,readonly,\
                 volume-label=dev.cargo-pipe.run=r ";
    assert!(typed(&streamed).contains(mount), "{}", typed(&streamed));
}

#[test]
fn rootless_podman_keeps_the_callers_number_and_labels_no_mount() {
    let mut streamed = container();
    streamed.mounts[0].source = Source::Volume("v".into());
    let docker = typed(&streamed);
    streamed.dialect = Dialect::Podman(PodmanRights::Rootless);
    let expected = docker
        .replace("--user 1000:1001", "--user 1000:1001 --userns=keep-id")
        .replace(",volume-label=dev.cargo-pipe.run=r", "");
    assert_eq!(typed(&streamed), expected);
    streamed.dialect = Dialect::Podman(PodmanRights::Rootful);
    assert_eq!(typed(&streamed), expected.replace(" --userns=keep-id", ""));
}

#[test]
fn a_secret_is_named_and_its_value_comes_from_the_client() {
    let mut passing = container();
    passing.passed = vec!["API_TOKEN".to_owned(), "OTHER".to_owned()];
    let expected =
        typed(&container()).replace("--env TZ=UTC", "--env TZ=UTC --env API_TOKEN --env OTHER");
    assert_eq!(typed(&passing), expected);
}

#[test]
fn a_terminal_changes_nothing_else() {
    let mut seated = container();
    seated.stdin = ContainerStdin::Terminal;
    let expected =
        typed(&container()).replace("--log-driver none", "--log-driver none --interactive --tty");
    assert_eq!(typed(&seated), expected);
    let start = start(&seated).join(OsStr::new(" "));
    assert_eq!(start, "start --attach --interactive --detach-keys ctrl-^,ctrl-^ n");
}

#[test]
fn a_path_with_any_characters_is_one_field() {
    for (path, field) in [
        ("/a b", "source=/a b"),
        ("/a:b$'\\=é", "source=/a:b$'\\=é"),
        ("/a,b", "\"source=/a,b\""),
        ("/a\"b", "\"source=/a\"\"b\""),
    ] {
        let value = mount(&Mount {
            source: Source::Bind(path.into()),
            target: "/app".into(),
            access: Access::Write,
        });
        assert_eq!(value.into_string().unwrap(), format!("type=bind,{field},target=/app"));
    }
}
