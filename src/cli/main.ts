#!/usr/bin/env node
/**
 * The program `pawl`.
 *
 * Owns: the start. Does not own: what it does (cli/pawl).
 */
import { pawl } from './pawl.ts';

pawl();
