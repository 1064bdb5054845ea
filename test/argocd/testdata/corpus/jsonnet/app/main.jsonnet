local app = import 'app.libsonnet';
function(size=1)
  [app.config('first', { size: size, sum: std.foldl(function(a, b) a + b, std.range(1, size), 0) })]
  + [(app { labels+:: { only: std.extVar('only') } }).config('second', { list: [1, 2.5, null] })]
