import type { SignRow } from "#core/health/signs.ts";
import type { KindRows } from "./rows.ts";
import {
  all,
  always,
  behind,
  condition,
  degraded,
  each,
  field,
  filled,
  healthy,
  is,
  less,
  no,
  not,
  phase,
  progressing,
  readyInTime,
  readyRows,
  state,
  suspended,
  unknown,
  unobserved,
} from "./rows.ts";

/** The words of cloudnative-pg's `status.phase`. */
const postgresPhases: readonly SignRow[] = [
  suspended(
    field("metadata/annotations/cnpg.io~1reconciliationLoop", "disabled"),
    "its reconciliation is switched off",
  ),
  suspended(is("cnpg.io/hibernation")),
  degraded(condition(["cnpg.io/hibernation"], [])),
  healthy(phase("Cluster in healthy state"), "/status/phaseReason"),
  progressing(
    phase(
      "Setting up primary",
      "Creating a new replica",
      "Upgrading cluster",
      "Waiting for the instances to become active",
      "Promoting to primary cluster",
    ),
    "/status/phaseReason",
  ),
  degraded(
    phase(
      "Switchover in progress",
      "Failing over",
      "Upgrading Postgres major version",
      "Cluster upgrade delayed",
      "Waiting for user action",
      "Primary instance is being restarted in-place",
      "Primary instance is being restarted without a switchover",
      "Cluster cannot execute instance online upgrade due to missing architecture binary",
      "Online upgrade in progress",
      "Applying configuration",
    ),
    "/status/phaseReason",
  ),
  suspended(
    phase(
      "Unable to create required cluster objects",
      "Cluster cannot proceed to reconciliation due to an unknown plugin being required",
      "Cluster has incomplete or invalid image catalog",
      "Cluster is unrecoverable and needs manual intervention",
    ),
    "/status/phaseReason",
  ),
  unknown(all(filled("status/phase"), filled("status/conditions")), "/status/phaseReason"),
];

const appliedRows: readonly SignRow[] = [
  progressing(unobserved, "/status/message"),
  healthy(field("status/applied", true), "/status/message"),
  degraded(field("status/applied", false), "/status/message"),
];

const perconaRows: readonly SignRow[] = [
  progressing(state("initializing"), "/status/message"),
  healthy(state("ready")),
  suspended(state("paused")),
  progressing(state("stopping")),
  degraded(state("error"), "/status/message"),
  unknown(always, "its state is not known"),
];

/** Where every condition must be true, and the reason of one that is not tells failure from work. */
const allTrueRows: readonly SignRow[] = [
  degraded(condition([], ["False"], { reasons: ["Failed"] })),
  progressing(condition([], ["False", "Unknown"])),
  healthy(condition([], ["True"])),
];

/** Databases. */
export const databaseKinds: KindRows = {
  "postgresql.cnpg.io/Cluster": postgresPhases,
  "postgresql.cnpg.io/Backup": [
    healthy(phase("completed")),
    degraded(phase("failed", "walArchivingFailing", "invalid backup definition"), "/status/error"),
    progressing(filled("status/phase"), "/status/phase"),
  ],
  ...each("postgresql.cnpg.io", ["Database", "Publication", "Subscription"], appliedRows),
  "postgresql.cnpg.io/Pooler": [healthy(filled("status/instances"))],
  "postgresql.cnpg.io/ScheduledBackup": [
    suspended(field("spec/suspend", true), "it is suspended"),
    healthy(not(filled("status/error"))),
    degraded(filled("status/error"), "/status/error"),
  ],
  "acid.zalan.do/postgresql": [
    healthy(field("status/PostgresClusterStatus", "Running")),
    progressing(field("status/PostgresClusterStatus", "Creating", "Updating", null)),
    degraded(filled("status/PostgresClusterStatus"), "/status/PostgresClusterStatus"),
  ],
  "postgres-operator.crunchydata.com/PostgresCluster": [
    suspended(field("spec/shutdown", true), "it is shut down"),
    progressing(unobserved),
    degraded(no("PGBackRestRepoHostReady", "PGBackRestReplicaRepoReady", "ProxyAvailable", "PersistentVolumeResizing")),
    progressing(less("status/instances/readyReplicas", "status/instances/replicas")),
    healthy(filled("status/instances")),
  ],
  ...each(
    "postgres-operator.crunchydata.com",
    ["PGUpgrade", "PGAdmin"],
    [degraded(no("Succeeded")), healthy(is("Succeeded")), progressing(is("Progressing"))],
  ),
  "pgv2.percona.com/PerconaPGCluster": perconaRows,
  "stackgres.io/SGCluster": [
    degraded(is("Failed")),
    progressing(is("PendingRestart", "PendingUpgrade")),
    healthy(is("Bootstrapped")),
  ],
  "kubegres.reactive-tech.io/Kubegres": [
    degraded(filled("status/blockingOperation/statefulSetOperation"), "/status/blockingOperation/operationId"),
    healthy(filled("status/enforcedReplicas")),
  ],
  "psmdb.percona.com/PerconaServerMongoDB": perconaRows,
  "pxc.percona.com/PerconaXtraDBCluster": [
    unknown(state("paused"), "it is paused"),
    degraded(state("stopping"), "it is stopping"),
    ...perconaRows,
  ],
  "ps.percona.com/PerconaServerMySQL": perconaRows,
  // The community and the enterprise operator of MongoDB
  ...each(
    "mongodbcommunity.mongodb.com",
    ["MongoDBCommunity"],
    [
      healthy(phase("Running"), "/status/message"),
      progressing(phase("Pending"), "/status/message"),
      degraded(phase("Failed"), "/status/message"),
    ],
  ),
  ...each(
    "mongodb.com",
    ["MongoDB", "MongoDBUser", "MongoDBOpsManager", "MongoDBMultiCluster"],
    [
      progressing(behind),
      healthy(phase("Running", "Updated"), "/status/message"),
      progressing(phase("Pending", "Reconciling"), "/status/message"),
      degraded(phase("Failed", "Unsupported"), "/status/message"),
      suspended(phase("Disabled"), "/status/message"),
    ],
  ),
  ...each("atlas.mongodb.com", ["AtlasProject", "AtlasDeployment", "AtlasDatabaseUser"], readyRows),
  "mysql.oracle.com/InnoDBCluster": [
    healthy(field("status/cluster/status", "ONLINE")),
    progressing(field("status/cluster/status", "PENDING", "INITIALIZING", "ONLINE_PARTIAL", "FINALIZING")),
    degraded(field("status/cluster/status", "OFFLINE", "NO_QUORUM", "SPLIT_BRAIN", "INVALID", "ONLINE_UNCERTAIN")),
    unknown(field("status/cluster/status", "UNKNOWN")),
  ],
  "mysql.presslabs.org/MysqlCluster": [
    degraded(is("FailoverInProgress")),
    progressing(no("Ready")),
    healthy(is("Ready")),
  ],
  ...each(
    "k8s.mariadb.com",
    ["MariaDB", "MaxScale", "Connection", "Database", "User", "Grant", "SqlJob"],
    [
      degraded(condition([], [], { reasons: ["Failed", "JobFailed"] })),
      progressing(condition([], ["False", "Unknown"])),
      healthy(condition([], ["True"])),
    ],
  ),
  ...each(
    "k8s.mariadb.com",
    ["Backup", "Restore"],
    [
      degraded(condition([], ["False"], { reasons: ["JobFailed", "Failed"] })),
      progressing(condition([], ["False", "Unknown"])),
      healthy(condition([], ["True"])),
    ],
  ),
  "mariadb.mmontes.io/MariaDB": allTrueRows,
  "pingcap.com/TidbCluster": [progressing(no("Ready")), healthy(is("Ready"))],
  "crdb.cockroachlabs.com/CrdbCluster": [
    healthy(field("status/clusterStatus", "Finished")),
    degraded(field("status/clusterStatus", "Failed")),
    progressing(filled("status/clusterStatus"), "/status/clusterStatus"),
  ],
  "scylla.scylladb.com/ScyllaCluster": [
    progressing(behind),
    degraded(is("Degraded")),
    progressing(is("Progressing")),
    healthy(is("Available")),
  ],
  "cassandra.datastax.com/CassandraDatacenter": [
    suspended(is("Stopped")),
    degraded(no("Valid", "Healthy")),
    progressing(field("status/cassandraOperatorProgress", "Updating")),
    healthy(is("Ready")),
    progressing(no("Ready")),
  ],
  "k8ssandra.io/K8ssandraCluster": [
    degraded(all(filled("status/error"), not(field("status/error", "None"))), "/status/error"),
    healthy(is("CassandraInitialized")),
    progressing(no("CassandraInitialized")),
  ],
  "cassandra.rook.io/Cluster": [
    progressing(less("status/racks/*/readyMembers", "status/racks/*/members")),
    healthy(filled("status/racks")),
  ],
  // elastic.co, cloud on Kubernetes
  "elasticsearch.k8s.elastic.co/Elasticsearch": [
    degraded(phase("Invalid")),
    degraded(field("status/health", "red"), "its health is red"),
    progressing(phase("ApplyingChanges", "MigratingData", "Stalled", "NodeShutdownStalled")),
    progressing(field("status/health", "yellow"), "its health is yellow"),
    healthy(all(phase("Ready"), field("status/health", "green")), "its health is green"),
    unknown(not(all(phase("Ready"), field("status/health", "green"))), "its state is not known"),
  ],
  ...each(
    "logstash.k8s.elastic.co",
    ["Logstash"],
    [
      degraded(field("status/health", "red")),
      progressing(field("status/health", "yellow")),
      healthy(field("status/health", "green")),
    ],
  ),
  "beat.k8s.elastic.co/Beat": [
    degraded(field("status/health", "red")),
    healthy(field("status/health", "green")),
    progressing(field("status/health", "yellow")),
    progressing(filled("status/expectedNodes")),
    unknown(always, "its state is not known"),
  ],
  "opensearch.opster.io/OpenSearchCluster": [
    degraded(field("status/health", "red")),
    healthy(all(phase("RUNNING"), field("status/initialized", true))),
    progressing(phase("PENDING", "RUNNING", "UPGRADING")),
  ],
  "solr.apache.org/SolrCloud": [
    progressing(field("status/solrNodes/ready", false)),
    healthy(filled("status/solrNodes")),
  ],
  "clickhouse.altinity.com/ClickHouseInstallation": [
    healthy(field("status/status", "Completed")),
    progressing(field("status/status", "InProgress", null)),
    degraded(filled("status/status"), "/status/status"),
  ],
  "clickhouse-keeper.altinity.com/ClickHouseKeeperInstallation": [
    healthy(field("status/status", "Completed")),
    progressing(field("status/status", "InProgress", null)),
    degraded(filled("status/status"), "/status/status"),
  ],
  ...each(
    "db.atlasgo.io",
    ["AtlasSchema", "AtlasMigration"],
    [progressing(condition(["Ready"], ["False"], { reasons: ["Reconciling"] })), ...readyRows],
  ),
  // Redis and its kin
  "redis.redis.opstreelabs.in/RedisCluster": [
    healthy(state("Ready")),
    degraded(state("Failed"), "/status/reason"),
    progressing(filled("status/state"), "/status/reason"),
  ],
  "databases.spotahome.com/RedisFailover": [
    degraded(state("NotHealthy"), "/status/message"),
    healthy(state("Healthy"), "/status/message"),
    healthy(not(filled("status/state"))),
  ],
  "app.redislabs.com/RedisEnterpriseCluster": [
    healthy(state("Running")),
    degraded(state("Error", "InvalidUpgrade", "RecoveryFailed", "Invalid"), "/status/state"),
    progressing(filled("status/state"), "/status/state"),
  ],
  "app.redislabs.com/RedisEnterpriseDatabase": [
    healthy(field("status/status", "active")),
    degraded(field("status/status", "creation-failed", "recovery"), "/status/status"),
    progressing(filled("status/status"), "/status/status"),
  ],
  "dragonflydb.io/Dragonfly": [healthy(phase("ready", "Ready")), progressing(filled("status/phase"), "/status/phase")],
  ...each("neo4j.com", ["Neo4jEnterpriseCluster"], readyInTime),
  "minio.min.io/Tenant": [
    healthy(field("status/currentState", "Initialized")),
    degraded(
      field(
        "status/currentState",
        "Statefulset not controlled by operator",
        "Another MinIO Tenant already exists in the namespace",
        "Tenant credentials are not set properly",
        "Different versions across MinIO Pools",
        "Pool Decommissioning Not Allowed",
      ),
    ),
    degraded(field("status/healthStatus", "red"), "/status/currentState"),
    progressing(filled("status/currentState"), "/status/currentState"),
  ],
};

/** Kinds of one vendor that say how they do by a colour. */
export const searchGroups: readonly (readonly [group: string, rows: readonly SignRow[]])[] = [
  [
    ".k8s.elastic.co",
    [
      progressing(behind),
      degraded(field("status/health", "red")),
      progressing(field("status/health", "yellow")),
      healthy(field("status/health", "green")),
    ],
  ],
];
