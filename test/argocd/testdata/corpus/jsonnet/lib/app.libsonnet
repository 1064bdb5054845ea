{
  config(name, data={}):: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: name, labels: $.labels },
    data: { [key]: std.toString(data[key]) for key in std.objectFields(data) },
  },
  labels:: { team: 'shop' },
}
