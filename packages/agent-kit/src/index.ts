// What a room is made of: the binding of a contract to activities, payload encryption, crash points for tests.
export { cancellationInterceptor, cancellationSignal } from "./cancellation.ts";
export { AesGcmCodec, MAX_PAYLOAD_BYTES } from "./codec.ts";
export { type CrashPoint, crashPointAt, crashPoints, DISPATCHER_POINTS } from "./crash-point.ts";
export { type RoomActions, type RoomContext, type RoomRpc, type RoomTools, room, toFailure } from "./room.ts";
export { dataConverter } from "./temporal.ts";
