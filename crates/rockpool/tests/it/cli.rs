//! The command line by itself.
use crate::harness::rockpool;

/// What a command prints to standard output and standard error, and its exit code.
fn run(arguments: &[&str]) -> (String, String, i32) {
    let output = rockpool(arguments).output().unwrap();
    (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
        output.status.code().unwrap(),
    )
}

#[test]
fn help_lists_the_commands() {
    let (out, _, code) = run(&["--help"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!(out, @r#"
    One communal media pool for many Fediverse servers: S3 in, one copy kept, redirects out

    Usage: rockpool [OPTIONS] <COMMAND>

    Commands:
      serve        Run a node of the pool
      init         Write a commented configuration file with every setting
      config       Check or show the configuration
      member       Members, their limits and access keys
      bucket       Buckets
      object       Look at objects
      replica      Further stores that every blob is copied to
      scrub        Show how far nodes have come with reading everything again
      backup       Back the catalog up, while nodes run: into the store, beside the blobs, or into a file
      restore      Bring a lost catalog back from a backup, into an empty database; no node may run meanwhile
      catalog      Move the catalog to another database
      gc           Collect blobs that nothing points to any more, abandoned uploads and leftovers
      check        Look whether all is well with catalog, store and counts; with --repair, put it right
      landing      Show what waits in the landing to be moved to the provider
      links        Run the link shield alone, without a pool; or look at its copies
      adopt        Take over a pool of poolmgr's: its members, names and blobs, without copying a blob
      completions  Print completions for a shell
      man          Print the manual page, or write one for each command into a directory
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Which pool:
          --data <DIR>     The data directory [default: rockpool-data]
          --config <FILE>  The configuration file [default: rockpool.toml in the data directory, if any]
    "#);
}

#[test]
fn help_on_serve_lists_the_listeners() {
    insta::assert_snapshot!(run(&["serve", "--help"]).0, @r#"
    Run a node of the pool

    Usage: rockpool serve [OPTIONS]

    Options:
          --s3 <ADDRESS>          Where the S3 API listens, or `off` [default: 127.0.0.1:23278]
          --redirector <ADDRESS>  Where the redirector listens, or `off` [default: 127.0.0.1:23279]
          --blobs <ADDRESS>       Where the blob server listens, or `off` [default: 127.0.0.1:23281]
          --links <ADDRESS>       Where the link shield listens, or `off` [default: off]
          --ready-file <FILE>     Where to say in JSON, once it is ready, what the node listens on [default: DIR/node.json]
      -h, --help                  Print help

    Which pool:
          --data <DIR>     The data directory [default: rockpool-data]
          --config <FILE>  The configuration file [default: rockpool.toml in the data directory, if any]
    "#);
}

#[test]
fn help_on_member_add_lists_the_limits() {
    insta::assert_snapshot!(run(&["member", "add", "--help"]).0, @r#"
    Add a member with a bucket of its name and an access key

    Usage: rockpool member add [OPTIONS] <NAME>

    Arguments:
      <NAME>  Its name, which its first bucket bears too

    Options:
          --max-bytes <SIZE>    The most bytes of objects, such as `50GB`, or `none`
          --max-objects <N>     The most objects, or `none`
          --max-buckets <N>     The most buckets, the first included
          --label <LABEL>       A label for the key, such as the machine that uses it
          --access-key-id <ID>  Bring an access key id along, instead of having one made
          --secret-file <FILE>  The file whose first line is the secret that belongs to it; `-` reads standard input
          --json                Print JSON
      -h, --help                Print help

    Which pool:
          --data <DIR>     The data directory [default: rockpool-data]
          --config <FILE>  The configuration file [default: rockpool.toml in the data directory, if any]
    "#);
}

#[test]
fn a_wrong_command_line_exits_with_2() {
    for arguments in [
        &["member", "add", "../etc"][..],
        &["member", "add", "alice", "--max-bytes", "many"],
        &["member", "set", "alice", "--max-buckets", "0"],
        &["member", "key", "add", "alice", "--access-key-id", "A"],
        &["bucket", "set", "alice", "--acl", "world"],
        &["serve", "--s3", "nowhere"],
        &["sevre"],
    ] {
        let (out, err, code) = run(arguments);
        assert_eq!((out.as_str(), code), ("", 2), "{arguments:?}: {err}");
    }
}

#[test]
fn a_command_without_a_pool_says_how_to_get_one() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("none").display().to_string();
    let (out, err, code) = run(&["member", "list", "--data", &data]);
    assert_eq!((out.as_str(), code), ("", 1));
    assert!(
        err.contains("there is no pool in") && err.contains("rockpool serve"),
        "{err}"
    );
    assert!(!directory.path().join("none").exists());
}

#[test]
fn init_writes_the_configuration_once() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("pool").display().to_string();
    let (out, _, code) = run(&["init", "--data", &data]);
    assert_eq!(code, 0);
    assert!(
        out.contains(&format!("rockpool serve --data {data}")),
        "{out}"
    );
    let file = directory.path().join("pool/rockpool.toml");
    std::fs::write(&file, "region = \"moon-1\"\n").unwrap();
    let (_, err, code) = run(&["init", "--data", &data]);
    assert_eq!(code, 1);
    assert!(err.contains("exists already"), "{err}");
    assert_eq!(
        std::fs::read_to_string(file).unwrap(),
        "region = \"moon-1\"\n"
    );
}

#[test]
fn config_check_reports_everything_and_exits_with_2() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pool.toml").display().to_string();
    std::fs::write(&file, "regin = \"a\"\n[limits]\nmax_put = \"x\"\n").unwrap();
    for command in [&["config", "check"][..], &["serve"], &["member", "list"]] {
        let (out, err, code) = run(&[command, &["--config", &file]].concat());
        assert_eq!((out.as_str(), code), ("", 2));
        assert!(
            err.contains("line 1: regin") && err.contains("line 3: limits.max_put"),
            "{err}"
        );
    }
}

#[test]
fn config_show_prints_what_can_be_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().display().to_string();
    let (shown, _, code) = run(&["config", "show", "--data", &data]);
    assert_eq!(code, 0);
    let file = directory.path().join("again.toml").display().to_string();
    std::fs::write(&file, &shown).unwrap();
    assert_eq!(run(&["config", "show", "--config", &file]).0, shown);
}

#[test]
fn packagers_get_completions_and_manual_pages() {
    assert!(run(&["completions", "bash"]).0.contains("_rockpool()"));
    assert!(run(&["man"]).0.contains(".TH rockpool 1"));
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(run(&["man", &directory.path().display().to_string()]).2, 0);
    assert!(directory.path().join("rockpool-member-add.1").is_file());
}
