const TRIES = 100;
const AGAIN_MS = 5;

/**
 * Opens something on a port that is about to become free: whoever held it before, in this process
 * or in a worker, lets it go a moment after being told to.
 */
export async function retryWhileTaken<T>(open: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await open();
    } catch (error) {
      if (tries >= TRIES || !/EADDRINUSE|address already in use/.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
