//! Storage in flash (ports/freertos/storage.c): power cuts lose nothing and half of nothing; whatever cells say, nothing
//! outside of the buffers is touched, and what is written afterwards is there.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::ptr;
use whimbrel::capi::{WHIMBREL_ERR_LINK, WHIMBREL_ERR_MALFORMED, WHIMBREL_ERR_NOT_FOUND, WHIMBREL_OK};
use whimbrel_fuzz::bytes::Bytes;

const SECTOR: usize = 512;

/// whimbrel_flash_t
#[repr(C)]
struct Driver {
    size: usize,
    context: *mut c_void,
    sector_size: u32,
    write_size: u32,
    read: unsafe extern "C" fn(*mut c_void, u32, u32, *mut u8, usize) -> i32,
    program: unsafe extern "C" fn(*mut c_void, u32, u32, *const u8, usize) -> i32,
    erase: unsafe extern "C" fn(*mut c_void, u32) -> i32,
}

/// whimbrel_store_t
#[repr(C)]
struct Store {
    flash: *const Driver,
    sequence: u32,
    end: u32,
    sector: u8,
    closed: u8,
    damaged: u8,
}

unsafe extern "C" {
    fn whimbrel_store_open(store: *mut Store, flash: *const Driver) -> i32;
    fn whimbrel_store_read(store: *mut Store, record: u16, buffer: *mut u8, size: usize) -> i32;
    fn whimbrel_store_write(store: *mut Store, record: u16, data: *const u8, size: usize) -> i32;
    fn whimbrel_store_forget(store: *mut Store) -> i32;
}

struct Flash {
    cells: [[u8; SECTOR]; 2],
    /// How many bytes are programmed before power goes; an erasure counts as one.
    power: usize,
}

impl Flash {
    /// The range that a call names, which has to lie in a sector.
    fn range(offset: u32, size: usize) -> std::ops::Range<usize> {
        let offset = offset as usize;
        assert!(offset <= SECTOR && size <= SECTOR - offset, "outside of the sector");
        offset..offset + size
    }
}

unsafe extern "C" fn read(flash: *mut c_void, sector: u32, offset: u32, buffer: *mut u8, size: usize) -> i32 {
    // SAFETY: the storage hands on the context that it was given, and a buffer of that size
    let (flash, buffer) = unsafe { (&*flash.cast::<Flash>(), std::slice::from_raw_parts_mut(buffer, size)) };
    buffer.copy_from_slice(&flash.cells[sector as usize][Flash::range(offset, size)]);
    WHIMBREL_OK
}

unsafe extern "C" fn program(
    flash: *mut c_void,
    sector: u32,
    offset: u32,
    data: *const u8,
    size: usize,
) -> i32 {
    // SAFETY: as above
    let (flash, data) = unsafe { (&mut *flash.cast::<Flash>(), std::slice::from_raw_parts(data, size)) };
    for (at, byte) in Flash::range(offset, size).zip(data) {
        if flash.power == 0 {
            return WHIMBREL_ERR_LINK;
        }
        flash.power -= 1;
        flash.cells[sector as usize][at] &= byte;
    }
    WHIMBREL_OK
}

unsafe extern "C" fn erase(flash: *mut c_void, sector: u32) -> i32 {
    // SAFETY: as above
    let flash = unsafe { &mut *flash.cast::<Flash>() };
    if flash.power == 0 {
        return WHIMBREL_ERR_LINK;
    }
    flash.power -= 1;
    flash.cells[sector as usize] = [0xff; SECTOR];
    WHIMBREL_OK
}

fn content(store: &mut Store, record: u16) -> Result<Option<Vec<u8>>, i32> {
    let mut buffer = vec![0; SECTOR];
    // SAFETY: an opened store, a buffer of that size
    match unsafe { whimbrel_store_read(store, record, buffer.as_mut_ptr(), buffer.len()) } {
        WHIMBREL_ERR_NOT_FOUND => Ok(None),
        length @ 0.. => {
            buffer.truncate(length as usize);
            Ok(Some(buffer))
        }
        error => Err(error),
    }
}

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let mut flash = Flash { cells: [[0xff; SECTOR]; 2], power: usize::MAX };
    let cells = &raw mut flash;
    let driver = Driver {
        size: size_of::<Driver>(),
        context: cells.cast(),
        sector_size: SECTOR as u32,
        write_size: 1 << (bytes.byte() % 6),
        read,
        program,
        erase,
    };
    let mut store = Store { flash: ptr::null(), sequence: 0, end: 0, sector: 0, closed: 0, damaged: 0 };
    // SAFETY: both live as long as the store; nothing else holds `flash` while it is called, here and below
    assert_eq!(unsafe { whimbrel_store_open(&mut store, &driver) }, WHIMBREL_OK);
    let mut model: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
    let mut spoilt = false;
    for _ in 0..64 {
        if bytes.is_empty() {
            break;
        }
        let (what, record) = (bytes.byte(), u16::from(bytes.byte() % 8));
        let written = vec![bytes.byte(); usize::from(bytes.byte() % 160)];
        match what % 8 {
            // bits that somebody has turned
            0 => {
                let at = usize::from(bytes.byte()) << 2 | usize::from(what >> 3 & 3);
                // SAFETY: the driver is not being called
                unsafe { (*cells).cells[usize::from(what >> 5 & 1)][at % SECTOR] ^= bytes.byte() };
                spoilt = true;
            }
            1 => {
                // SAFETY: as above
                let done = unsafe { whimbrel_store_forget(&mut store) };
                assert!(spoilt || done == WHIMBREL_OK);
            }
            // power goes in the middle of a write
            2 => {
                let power = usize::from(bytes.byte());
                // SAFETY: as above
                let done = unsafe {
                    (*cells).power = power;
                    let done = whimbrel_store_write(&mut store, record, written.as_ptr(), written.len());
                    (*cells).power = usize::MAX;
                    done
                };
                // SAFETY: as above
                let opened = unsafe { whimbrel_store_open(&mut store, &driver) };
                if !spoilt {
                    assert_eq!(opened, WHIMBREL_OK);
                    let new = (!written.is_empty()).then_some(written);
                    let found = content(&mut store, record).expect("old or new");
                    let old = model.get(&record).cloned();
                    assert!(found == new || (done != WHIMBREL_OK && found == old));
                    match found {
                        Some(found) => model.insert(record, found),
                        None => model.remove(&record),
                    };
                }
            }
            3 => {
                // SAFETY: as above
                let opened = unsafe { whimbrel_store_open(&mut store, &driver) };
                assert!(opened == WHIMBREL_OK || spoilt);
                if opened != WHIMBREL_OK && opened != WHIMBREL_ERR_MALFORMED {
                    return;
                }
            }
            _ => {
                // SAFETY: as above
                let done =
                    unsafe { whimbrel_store_write(&mut store, record, written.as_ptr(), written.len()) };
                if done == WHIMBREL_OK {
                    let found = content(&mut store, record);
                    assert_eq!(found, Ok((!written.is_empty()).then(|| written.clone())));
                    match written.is_empty() {
                        true => model.remove(&record),
                        false => model.insert(record, written),
                    };
                }
            }
        }
        if store.flash.is_null() {
            return;
        }
        for record in 0..8 {
            let found = content(&mut store, record);
            assert!(spoilt || found == Ok(model.get(&record).cloned()), "{record}");
        }
    }
});
