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
  no,
  not,
  progressing,
  state,
  suspended,
  unknown,
} from "./rows.ts";

/** gateway-api.sigs.k8s.io: conditions of an object and, deeper, those that each of its users sets. */
function gatewayRows(...places: readonly string[]): readonly SignRow[] {
  const at = (place: string) => ({ at: place, age: "fresh" }) as const;
  return [
    ...places.map((place) => degraded(condition(["ResolvedRefs", "Accepted"], ["False"], at(place)))),
    ...places.map((place) => progressing(condition(["Programmed"], ["False", "Unknown"], at(place)))),
    ...places.map((place) => healthy(condition(["Accepted", "Programmed"], ["True"], at(place)))),
  ];
}

const routeRows = gatewayRows("status/parents/conditions");
const policyRows: readonly SignRow[] = [
  degraded(
    condition(["Accepted", "ResolvedRefs"], ["False", "Unknown"], { at: "status/ancestors/conditions", age: "fresh" }),
  ),
  ...gatewayRows("status/ancestors/conditions"),
];
const acceptedRows: readonly SignRow[] = [
  degraded(condition(["Accepted"], ["False"], { age: "fresh" })),
  healthy(condition(["Accepted"], ["True"], { age: "fresh" })),
];

/** Gloo keeps a state as a number or as a word, for each of its components. */
const glooRows: readonly SignRow[] = [
  degraded(field("status/state", 2, 3, "Rejected", "Warning"), "/status/reason"),
  degraded(field("status/statuses/*/state", 2, 3, "Rejected", "Warning"), "/status/statuses/*/reason"),
  suspended(field("status/state", 0, "Pending")),
  suspended(field("status/statuses/*/state", 0, "Pending")),
  healthy(field("status/state", 1, "Accepted")),
  healthy(field("status/statuses/*/state", 1, "Accepted")),
];

/** istio.io: objects that no analysis has looked at are as good as they are. */
const istioRows: readonly SignRow[] = [
  degraded(condition(["Reconciled"], ["False"])),
  degraded(field("status/validationMessages/level", "ERROR"), "/status/validationMessages/documentationUrl"),
  healthy(always),
];

/** Kubernetes' network from outside to inside: gateways, meshes, load balancers, policies. */
export const trafficKinds: KindRows = {
  "gateway.networking.k8s.io/Gateway": gatewayRows("status/conditions", "status/listeners/conditions"),
  "gateway.networking.k8s.io/ListenerSet": gatewayRows("status/conditions", "status/listeners/conditions"),
  "gateway.networking.k8s.io/GatewayClass": acceptedRows,
  ...each("gateway.networking.k8s.io", ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"], routeRows),
  "gateway.networking.k8s.io/BackendTLSPolicy": [
    progressing(condition([], [], { at: "status/ancestors/conditions", age: "stale" })),
    ...policyRows,
  ],
  "gateway.envoyproxy.io/Backend": acceptedRows,
  ...each(
    "gateway.envoyproxy.io",
    ["BackendTrafficPolicy", "ClientTrafficPolicy", "EnvoyExtensionPolicy", "EnvoyPatchPolicy", "SecurityPolicy"],
    policyRows,
  ),
  "install.istio.io/IstioOperator": [
    unknown(field("status/status", 0, "NONE"), "nothing is installed"),
    progressing(field("status/status", 1, 2, "UPDATING", "RECONCILING")),
    healthy(field("status/status", 3, "HEALTHY")),
    degraded(field("status/status", 4, "ERROR")),
  ],
  // The operator that follows IstioOperator
  ...each(
    "sailoperator.io",
    ["Istio", "IstioRevision", "IstioCNI", "ZTunnel"],
    [
      progressing(behind),
      degraded(no("Reconciled")),
      healthy(all(is("Reconciled"), is("Ready"))),
      progressing(no("Ready")),
    ],
  ),
  ...each(
    "networking.istio.io",
    ["VirtualService", "DestinationRule", "Gateway", "ServiceEntry", "Sidecar", "WorkloadEntry", "EnvoyFilter"],
    istioRows,
  ),
  ...each("security.istio.io", ["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"], istioRows),
  "projectcontour.io/HTTPProxy": [
    healthy(condition(["Valid"], ["True"], { age: "fresh" }), "/status/description"),
    healthy(
      all(filled("spec/includes"), condition([], ["False"], { age: "fresh" })),
      "what it includes cannot be judged from here",
    ),
    degraded(condition(["Valid"], ["False"], { age: "fresh" }), "/status/description"),
  ],
  "projectcontour.io/ExtensionService": [
    degraded(condition(["Valid"], ["False"], { age: "fresh" })),
    healthy(condition(["Valid"], ["True"], { age: "fresh" })),
  ],
  ...each(
    "gateway.solo.io",
    ["VirtualService", "RouteTable", "Gateway", "MatchableHttpGateway", "RouteOption", "VirtualHostOption"],
    glooRows,
  ),
  ...each("gloo.solo.io", ["Upstream", "UpstreamGroup", "Proxy", "Settings"], glooRows),
  ...each(
    "getambassador.io",
    ["Mapping", "Host", "Listener", "TCPMapping"],
    [
      degraded(state("Error", "Inactive"), "/status/errorReason"),
      healthy(state("Ready", "Running")),
      progressing(state("Pending", "Initial"), "/status/phasePending"),
      degraded(filled("status/reason"), "/status/reason"),
    ],
  ),
  ...each(
    "configuration.konghq.com",
    ["KongPlugin", "KongClusterPlugin", "KongConsumer", "KongConsumerGroup"],
    [degraded(no("Programmed")), healthy(is("Programmed"))],
  ),
  "networking.gke.io/ManagedCertificate": [
    degraded(field("status/domainStatus/status", "FailedNotVisible", "FailedCaaChecking", "FailedCaaForbidden")),
    healthy(field("status/certificateStatus", "Active")),
    progressing(filled("status/certificateStatus"), "/status/certificateStatus"),
  ],
  "route.openshift.io/Route": [
    degraded(condition(["Admitted"], ["False"], { at: "status/ingress/conditions" })),
    healthy(condition(["Admitted"], ["True"], { at: "status/ingress/conditions" })),
  ],
  "operator.openshift.io/IngressController": [
    degraded(is("Degraded")),
    progressing(is("DeploymentRollingOut")),
    healthy(is("Available")),
    progressing(no("Available")),
  ],
  ...each(
    "cilium.io",
    ["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"],
    [degraded(no("Valid")), healthy(is("Valid")), healthy(not(filled("status/conditions")))],
  ),
  "externaldns.k8s.io/DNSEndpoint": [progressing(behind), healthy(filled("status/observedGeneration"))],
  "elbv2.k8s.aws/TargetGroupBinding": [progressing(behind), healthy(filled("status/observedGeneration"))],
  "nmstate.io/NodeNetworkConfigurationPolicy": [
    degraded(is("Degraded")),
    progressing(is("Progressing")),
    suspended(is("Ignored")),
    healthy(is("Available")),
  ],
};
