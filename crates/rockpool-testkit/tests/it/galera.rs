//! A Galera cluster as tests meet it.
use rockpool_testkit::Galera;

use crate::servers::mariadb;

#[test]
fn a_killed_node_comes_back_with_what_it_missed() {
    let cluster = Galera::start();
    for node in 0..3 {
        assert_eq!(cluster.status(node, "wsrep_cluster_size"), "3");
    }
    let database = cluster.fresh_database();
    let [zero, one, two] = [0, 1, 2].map(|node| cluster.at_node(node, &database));
    let count = "SET SESSION wsrep_sync_wait = 1; SELECT COUNT(*) FROM shells";
    let ask = |at, statement: &str| mariadb(at, &database.name, statement).unwrap();

    ask(&zero, "CREATE TABLE shells (number INT PRIMARY KEY)");
    ask(&zero, "INSERT INTO shells VALUES (1)");
    assert_eq!(ask(&two, count), "1");

    cluster.kill(2);
    ask(&one, "INSERT INTO shells VALUES (2)");
    assert_eq!(ask(&zero, count), "2");
    mariadb(&two, &database.name, count).unwrap_err();

    cluster.bring_back(2);
    assert_eq!(ask(&two, count), "2");
    ask(&two, "INSERT INTO shells VALUES (3)");
    assert_eq!(ask(&zero, count), "3");

    // Node 0, which founded the cluster, is not needed either.
    cluster.stop(0);
    ask(&one, "INSERT INTO shells VALUES (4)");
    cluster.bring_back(0);
    assert_eq!(ask(&zero, count), "4");
    assert_eq!(cluster.status(0, "wsrep_cluster_size"), "3");
}
