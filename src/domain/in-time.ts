/**
 * What the work comes to, if it does so in time. Work that is late goes on, and nobody hears what comes of it.
 * @param onLate - what it is rejected with then
 */
export async function inTime<T>(work: Promise<T>, ms: number, onLate: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(onLate()), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
