import type { SignRow } from "#core/health/signs.ts";
import type { KindRows } from "./rows.ts";
import {
  all,
  because,
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
  state,
  suspended,
  undecided,
  unknown,
} from "./rows.ts";

const messageRows: readonly SignRow[] = [
  healthy(condition(["Ready"], ["True"], { reasons: ["SuccessfulCreateOrUpdate"] })),
  degraded(no("Ready")),
  unknown(not(filled("status/conditions")), "its state is not known"),
];

/** Queues, topics and the brokers that hold them. */
export const messageKinds: KindRows = {
  ...each(
    "rabbitmq.com",
    ["Binding", "Exchange", "Permission", "Policy", "Queue", "Shovel", "User", "Vhost"],
    messageRows,
  ),
  ...each(
    "rabbitmq.com",
    ["Federation", "SchemaReplication", "SuperStream", "TopicPermission", "OperatorPolicy"],
    messageRows,
  ),
  "rabbitmq.com/RabbitmqCluster": [
    degraded(no("ReconcileSuccess")),
    progressing(undecided("ClusterAvailable", "AllReplicasReady")),
    suspended(
      all(field("spec/replicas", 0), condition(["AllReplicasReady"], ["False"], { reasons: ["ScaledToZero"] })),
    ),
    progressing(no("ClusterAvailable", "AllReplicasReady")),
    healthy(all(is("ClusterAvailable"), is("AllReplicasReady"))),
  ],
  "kafka.strimzi.io/Kafka": [
    progressing(condition(["NotReady"], ["True"], { reasons: ["Creating"] })),
    degraded(is("NotReady")),
    healthy(is("Ready")),
  ],
  ...each(
    "kafka.strimzi.io",
    ["KafkaBridge", "KafkaConnect", "KafkaConnector", "KafkaMirrorMaker2", "KafkaRebalance", "KafkaTopic", "KafkaUser"],
    [degraded(is("NotReady")), healthy(is("Ready", "ProposalReady"))],
  ),
  "core.strimzi.io/StrimziPodSet": [
    progressing(behind),
    progressing(less("status/readyPods", "status/pods")),
    progressing(less("status/currentPods", "status/pods")),
    healthy(filled("status/pods")),
  ],
  "kafka.banzaicloud.io/KafkaCluster": [
    degraded(
      field("status/brokersState/*/configurationState", "ConfigOutOfSync"),
      "the configuration of a broker is out of sync",
    ),
    healthy(state("ClusterRunning")),
    progressing(state("ClusterReconciling", "ClusterRollingUpgrading")),
  ],
  ...each(
    "platform.confluent.io",
    ["Connect", "ControlCenter", "Kafka", "KafkaRestProxy", "KRaftController", "KsqlDB", "SchemaRegistry", "Zookeeper"],
    [
      progressing(phase("PROVISIONING", "PENDING")),
      healthy(phase("RUNNING")),
      degraded(phase("ERROR", "FAILED"), "/status/conditions/message"),
    ],
  ),
  "platform.confluent.io/Connector": [
    degraded(field("status/connectorState", "FAILED"), "/status/trace"),
    degraded(filled("status/failedTasks"), "it has failed tasks"),
    degraded(condition([], ["False"])),
    healthy(field("status/connectorState", "RUNNING")),
    suspended(field("status/connectorState", "PAUSED")),
    progressing(filled("status/connectorState")),
  ],
  ...each("platform.confluent.io", ["KafkaTopic"], [healthy(state("CREATED")), degraded(state("ERROR", "FAILED"))]),
  "zookeeper.pravega.io/ZookeeperCluster": [
    progressing(field("status/readyReplicas", 0, null)),
    progressing(less("status/readyReplicas", "status/replicas")),
    healthy(filled("status/readyReplicas")),
  ],
  ...each(
    "jetstream.nats.io",
    ["Stream", "Consumer", "KeyValue", "ObjectStore"],
    [progressing(behind), degraded(no("Ready")), healthy(is("Ready"))],
  ),
  ...each(
    "cluster.redpanda.com",
    ["Redpanda"],
    [
      progressing(behind),
      suspended(field("spec/suspend", true), "it is suspended"),
      degraded(because("Ready", "Error", "TerminalError")),
      healthy(is("Ready")),
      progressing(no("Ready")),
    ],
  ),
};
