import { GIB } from '../../units.ts';

/** What the driver was asked for, in the order of asking. */
export type DeviceCallKind = 'malloc' | 'free' | 'reserve_va' | 'free_va' | 'map' | 'unmap' | 'create_failed';

/** Told of every call to the driver; sizes and offsets in bytes, segment -1 for what failed. */
export type DeviceLog = (
  kind: DeviceCallKind,
  segment: number,
  offset: number,
  bytes: number,
  ok: boolean,
) => void;

/** Which GPU of the machine it is, and bytes that another process holds on it. */
export interface DeviceNeighbourhood {
  readonly gpu?: number;
  readonly otherBytes?: number;
}

/** Address ranges of a larger device could not be counted in 32-bit units of 512 bytes. */
const MAX_CAPACITY = 900 * GIB;

/**
 * A GPU's memory as the driver gives it: bytes count, fragments do not. A segment is a cudaMalloc or a reserved
 * address range; segments are numbered from 0 in the order of their creation, which is the order of addresses.
 */
export class SimulatedDevice {
  /** Total memory, as cudaMemGetInfo tells. */
  readonly capacityBytes: number;
  /** Taken by the CUDA context and other libraries before the allocator starts. */
  readonly overheadBytes: number;
  readonly gpu: number;
  readonly otherBytes: number;
  private readonly log: DeviceLog | null;
  private used = 0;
  private numSegments = 0;

  constructor(
    capacityBytes: number,
    overheadBytes = 0,
    log: DeviceLog | null = null,
    { gpu = 0, otherBytes = 0 }: DeviceNeighbourhood = {},
  ) {
    if (!(capacityBytes >= 0 && capacityBytes <= MAX_CAPACITY)) {
      throw new RangeError(`a device of ${capacityBytes} bytes: at most ${MAX_CAPACITY} are simulated`);
    }
    this.capacityBytes = capacityBytes;
    this.overheadBytes = overheadBytes;
    this.log = log;
    this.gpu = gpu;
    this.otherBytes = otherBytes;
  }

  /** Bytes that segments hold. */
  get usedBytes(): number {
    return this.used;
  }

  get freeBytes(): number {
    return this.capacityBytes - this.overheadBytes - this.otherBytes - this.used;
  }

  /** cudaMalloc. Returns the new segment, or -1 if it does not fit. */
  malloc(bytes: number): number {
    const ok = bytes <= this.freeBytes;
    const segment = ok ? this.numSegments++ : -1;
    if (ok) this.used += bytes;
    this.log?.('malloc', segment, 0, bytes, ok);
    return segment;
  }

  /** cudaFree. */
  free(segment: number, bytes: number): void {
    this.used -= bytes;
    this.log?.('free', segment, 0, bytes, true);
  }

  /** cuMemAddressReserve. Addresses are never short. */
  reserveRange(bytes: number): number {
    const segment = this.numSegments++;
    this.log?.('reserve_va', segment, 0, bytes, true);
    return segment;
  }

  freeRange(segment: number, bytes: number): void {
    this.log?.('free_va', segment, 0, bytes, true);
  }

  /** Creates and maps pages; all or none. */
  map(segment: number, offset: number, bytes: number, page: number): boolean {
    const ok = bytes <= this.freeBytes;
    if (ok) {
      this.used += bytes;
      this.log?.('map', segment, offset, bytes, true);
    } else {
      this.log?.('create_failed', -1, 0, page, false);
    }
    return ok;
  }

  unmap(segment: number, offset: number, bytes: number): void {
    this.used -= bytes;
    this.log?.('unmap', segment, offset, bytes, true);
  }
}
