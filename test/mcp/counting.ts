/** A control plane that is seen as another one in part, such as to count who listens to it. */
import type { ControlPlane } from '../../src/engine/index.ts';

/** The control plane, but for some members. */
export function seenAs(
  plane: ControlPlane,
  members: Partial<
    Pick<ControlPlane, 'subscribe' | 'openSession' | 'identity' | 'registerTool' | 'tools'>
  >,
): ControlPlane {
  return new Proxy(plane, {
    get: (_, name) => {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name) as unknown;
      const member: unknown = Reflect.get(plane, name, plane);
      return typeof member === 'function' ? (member.bind(plane) as unknown) : member;
    },
  });
}

/** The control plane, and how many listen to it. */
export function counting(plane: ControlPlane) {
  const listening = new Set<() => void>();
  const subscribe: ControlPlane['subscribe'] = (...words) => {
    const end = plane.subscribe(...words);
    listening.add(end);
    return () => {
      listening.delete(end);
      end();
    };
  };
  return { plane: seenAs(plane, { subscribe }), count: () => listening.size };
}
