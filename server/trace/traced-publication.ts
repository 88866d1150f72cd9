import type { Renderer } from '../../lib/publication/renderer.ts';
import type { Target } from '../../lib/publication/target.ts';
import type { Tracer } from './tracer.ts';

/** The renderer, with a span for each snapshot that it makes. What is put meanwhile is a part of it. */
export function tracedRenderer(renderer: Renderer, tracer: Tracer): Renderer {
  return {
    size: () => renderer.size(),
    checkpoint: (size) => renderer.checkpoint(size),
    isAlike: (before) => renderer.isAlike(before),
    render(size, before, sink) {
      return tracer.part('publication render', { 'assay.log.size': size }, () => renderer.render(size, before, sink));
    },
  };
}

/** The target, with a span for each call that writes. */
export function tracedTarget(target: Target, tracer: Tracer): Target {
  return {
    put(object, freshMs, signal) {
      const { digest, size } = object;
      const attributes = { 'assay.blob.digest': digest, 'assay.blob.bytes': size };
      return tracer.part('publication put', attributes, () => target.put(object, freshMs, signal));
    },
    read: (digest, signal) => target.read(digest, signal),
    open: (digest, signal) => target.open(digest, signal),
    pointer: (signal) => tracer.part('publication look', {}, () => target.pointer(signal)),
    swap: (bytes, mark, signal) => tracer.part('publication swap', {}, () => target.swap(bytes, mark, signal)),
    list: (signal) => target.list(signal),
    remove: (name, signal) => tracer.part('publication remove', {}, () => target.remove(name, signal)),
  };
}
