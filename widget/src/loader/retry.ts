/** An attempt that need not be repeated: the answer will be the same. */
export interface Final {
  final?: boolean;
}

/** Three attempts, two seconds apart. */
export async function retry<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = 2; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (!left || (error as Final).final) throw error;
      await new Promise((resume) => setTimeout(resume, 2000));
    }
  }
}
