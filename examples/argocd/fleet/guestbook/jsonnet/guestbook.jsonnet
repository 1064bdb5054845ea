local app = import 'app.libsonnet';

function(name, replicas) [
  app.deployment(name, replicas),
  app.service(name),
]
