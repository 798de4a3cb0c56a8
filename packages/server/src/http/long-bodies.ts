/** Connections whose current request may take longer to arrive than others. */
const longBodies = new WeakSet<object>()

/**
 * Lets the body of a request arrive for as long as it takes: for a client that has proved who it is, and whose body is
 * read as it comes.
 * @param socket of the request, where the server that we are mounted in gives one
 */
export function letBodyTakeLong(socket: object | undefined) {
  if (socket) longBodies.add(socket)
}

/** Whether the body that arrives on a connection may take long. */
export function mayBodyTakeLong(socket: object): boolean {
  return longBodies.has(socket)
}
