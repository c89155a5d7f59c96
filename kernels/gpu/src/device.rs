//! A device: its adapter, its limits, its faults, its buffers.
#![allow(
    clippy::arc_with_non_send_sync,
    reason = "natively they are sent between threads; a browser keeps them on one"
)]

use crate::{
    error::GpuError,
    ffcm::special::{EXPANDING, Shared, Specialize},
};
use futures::channel::oneshot;
use shaders::{Access, Bindings, ffcm, rank::Kernel};
use std::{
    fmt,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use wgpu::BufferUsages;

/// Bytes of a buffer that any device with WebGPU's default limits binds: 128 MiB.
pub const LIGHT_BINDING: u64 = 128 << 20;

/// A GPU, or what computes as one.
#[derive(Debug)]
pub struct Gpu {
    instance: wgpu::Instance,
    binding_max: u64,
    about: About,
    device: Mutex<Device>,
    /// When a net's definitions become code.
    pub(crate) specialize: Mutex<Specialize>,
}

/// Which GPU it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its name, as its driver tells it; a browser may not tell.
    pub name: String,
    /// What it is spoken to by: `vulkan`, `metal` or `webgpu`.
    pub backend: String,
    /// Whether it is no hardware but the processor.
    pub is_software: bool,
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { "a GPU without a name" } else { &self.name };
        let software = if self.is_software { ", software on the processor" } else { "" };
        write!(f, "{name} ({}{software})", self.backend)
    }
}

impl Gpu {
    /// Opens the most powerful adapter, with buffers as large as it binds.
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`], [`GpuError::NoDevice`].
    pub async fn open() -> Result<Self, GpuError> {
        Self::open_within(u64::MAX).await
    }

    /// Opens the most powerful adapter, with buffers of `binding_max` bytes at most, or fewer where it binds fewer.
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`], [`GpuError::NoDevice`].
    pub async fn open_within(binding_max: u64) -> Result<Self, GpuError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let (device, info) = Device::open(&instance, binding_max).await?;
        let about = About {
            name: info.name,
            backend: info.backend.to_string(),
            is_software: info.device_type == wgpu::DeviceType::Cpu,
        };
        let specialize = Mutex::default();
        Ok(Self { instance, binding_max, about, device: Mutex::new(device), specialize })
    }

    /// Which GPU it is.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Gives the device back, as a driver that resets would. What is under way begins again on a new one.
    pub fn lose(&self) {
        self.device().device.destroy();
    }

    pub(crate) fn device(&self) -> Device {
        lock(&self.device).clone()
    }

    /// Opens a new device in the lost one's place.
    pub(crate) async fn reopen(&self) -> Result<(), GpuError> {
        let (device, _) = Device::open(&self.instance, self.binding_max).await?;
        *lock(&self.device) = device;
        Ok(())
    }
}

/// Nothing here is left half done by a panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What went wrong on a device, told by its callbacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is gone; another may do.
    Lost(String),
    /// It is there and will not.
    Error(GpuError),
}

impl From<GpuError> for Fault {
    fn from(error: GpuError) -> Self {
        Self::Error(error)
    }
}

/// An open device. Clones are the same device.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    device: Arc<Opened>,
    queue: wgpu::Queue,
    faults: Arc<Mutex<Option<Fault>>>,
    /// In the order of [`Kernel::ALL`].
    pipelines: Vec<wgpu::ComputePipeline>,
    /// In the order of [`ffcm::Kernel::ALL`], once somebody reduces a net: a driver takes a while to make them, and a tab may never need them.
    of_nets: Arc<Mutex<Vec<wgpu::ComputePipeline>>>,
    /// Kernels for nets that hold definitions as code.
    pub(crate) special: Arc<Shared>,
    /// The largest buffer.
    pub(crate) binding_max: u64,
    /// Workgroups a dimension.
    pub(crate) groups_max: u32,
}

/// A device that is given back with its last clone. In a browser wgpu does not do that by itself, and memory would be taken until the page goes.
#[derive(Debug)]
struct Opened(wgpu::Device);

impl Deref for Opened {
    type Target = wgpu::Device;

    fn deref(&self) -> &wgpu::Device {
        &self.0
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.destroy();
    }
}

/// A buffer whose memory is given back with its last clone, for the same reason. What was submitted is done nevertheless.
#[derive(Debug, Clone)]
pub(crate) struct Buffer(Arc<Memory>);

#[derive(Debug)]
struct Memory(wgpu::Buffer);

impl Deref for Buffer {
    type Target = wgpu::Buffer;

    fn deref(&self) -> &wgpu::Buffer {
        &self.0.0
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.0.destroy();
    }
}

impl Device {
    async fn open(
        instance: &wgpu::Instance,
        binding_max: u64,
    ) -> Result<(Self, wgpu::AdapterInfo), GpuError> {
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        let adapter = instance.request_adapter(&options).await;
        let adapter = adapter.map_err(|error| GpuError::NoAdapter(error.to_string()))?;
        let granted = adapter.limits();
        let binding_max =
            binding_max.min(granted.max_storage_buffer_binding_size).min(granted.max_buffer_size);
        // Buffers come in sixteens of bytes.
        let binding_max = binding_max / 16 * 16;
        let usual = wgpu::Limits::default();
        let limits = wgpu::Limits {
            max_storage_buffer_binding_size: binding_max.max(usual.max_storage_buffer_binding_size),
            max_buffer_size: binding_max.max(usual.max_buffer_size),
            ..usual
        };
        let groups_max = limits.max_compute_workgroups_per_dimension;
        let descriptor = wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() };
        let opened = adapter.request_device(&descriptor).await;
        let (device, queue) = opened.map_err(|error| GpuError::NoDevice(error.to_string()))?;
        let device = Arc::new(Opened(device));

        let faults = Arc::new(Mutex::new(None));
        let lost = Arc::clone(&faults);
        device.set_device_lost_callback(move |reason, said| {
            *lock(&lost) = Some(Fault::Lost(format!("{reason:?}: {said}")));
        });
        let refused = Arc::clone(&faults);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            // The first says most; and that it is lost says more than what follows from that.
            lock(&refused).get_or_insert_with(|| Fault::Error(GpuError::Refused(error.to_string())));
        }));

        let make = || {
            Kernel::ALL.map(|kernel| pipeline(&device, kernel.name(), &kernel.source(), kernel.bindings()))
        };
        let (pipelines, error) = watched(&device, make).await;
        if let Some(error) = error {
            return Err(GpuError::NoDevice(error.to_string()));
        }
        let pipelines = pipelines.to_vec();
        let (of_nets, special) = Default::default();
        let device = Self { device, queue, faults, pipelines, of_nets, special, binding_max, groups_max };
        Ok((device, adapter.get_info()))
    }

    /// Whether something can begin. Where one thing was refused and nobody waited for the answer, as memory that was short for a moment, another
    /// device takes this one's place.
    pub(crate) fn begin(&self) -> Result<(), Fault> {
        self.check().map_err(|fault| match fault {
            Fault::Error(error) => Fault::Lost(error.to_string()),
            lost => lost,
        })
    }

    /// What went wrong so far.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        lock(&self.faults).clone().map_or(Ok(()), Err)
    }

    /// Runs `make`, and tells where the device refused something of it.
    pub(crate) async fn try_make<T>(&self, make: impl FnOnce() -> T) -> Result<T, Fault> {
        let (made, error) = watched(&self.device, make).await;
        if error.is_some() {
            // That a device is lost is told when it is asked, and may be why it refused.
            let _ = self.device.poll(wgpu::PollType::Poll);
        }
        self.check()?;
        match error {
            None => Ok(made),
            Some(error @ wgpu::Error::OutOfMemory { .. }) => {
                Err(GpuError::NoMemory(error.to_string()).into())
            }
            Some(error) => Err(GpuError::Refused(error.to_string()).into()),
        }
    }

    /// A buffer that holds `words`, for kernels and copies.
    pub(crate) fn holding(&self, words: &[u32], usage: BufferUsages) -> Buffer {
        // Not mapped at creation: where memory is short, that would panic instead of being told.
        let buffer = self.zeros(words.len().div_ceil(2), usage | BufferUsages::COPY_DST);
        self.write(&buffer, words);
        buffer
    }

    /// A buffer of zeros for so many pairs.
    pub(crate) fn zeros(&self, pairs: usize, usage: BufferUsages) -> Buffer {
        // No buffer is empty, and uniforms come in sixteens of bytes.
        let size = (pairs as u64 * 8).next_multiple_of(16).max(16);
        let descriptor = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false };
        Buffer(Arc::new(Memory(self.device.create_buffer(&descriptor))))
    }

    /// Puts `words` at the beginning of a buffer, before what is submitted next.
    pub(crate) fn write(&self, buffer: &wgpu::Buffer, words: &[u32]) {
        if !words.is_empty() {
            self.queue.write_buffer(buffer, 0, bytemuck::cast_slice(words));
        }
    }

    /// Puts `words` into a buffer behind its first `at` words, before what is submitted next.
    pub(crate) fn write_at(&self, buffer: &wgpu::Buffer, at: usize, words: &[u32]) {
        if !words.is_empty() {
            self.queue.write_buffer(buffer, 4 * at as u64, bytemuck::cast_slice(words));
        }
    }

    /// A kernel with what it binds, in the order of its bindings, and so many workgroups.
    pub(crate) fn dispatch(&self, kernel: Kernel, groups: u32, buffers: &[&Buffer]) -> Dispatch {
        let width = groups.min(self.groups_max);
        let groups = Groups::Fixed([width, groups.div_ceil(width.max(1))]);
        self.bound(self.pipelines[kernel as usize].clone(), kernel.name(), groups, buffers)
    }

    /// Makes the kernels for nets, once.
    pub(crate) async fn prepare_nets(&self) -> Result<(), Fault> {
        if lock(&self.of_nets).is_empty() {
            self.make_nets(ffcm::Kernel::source).await?;
        }
        Ok(())
    }

    /// Makes the kernels for nets from these sources.
    pub(crate) async fn make_nets(&self, source: impl Fn(ffcm::Kernel) -> String) -> Result<(), Fault> {
        let make =
            |kernel: ffcm::Kernel| pipeline(&self.device, kernel.name(), &source(kernel), kernel.bindings());
        let made = self.try_make(|| ffcm::Kernel::ALL.map(make).to_vec()).await?;
        *lock(&self.of_nets) = made;
        Ok(())
    }

    /// Makes those kernels for nets that expand definitions, with some as code.
    pub(crate) async fn make_special(&self, special: &str) -> Result<[wgpu::ComputePipeline; 2], Fault> {
        let make = |kernel: ffcm::Kernel| {
            pipeline(&self.device, kernel.name(), &kernel.source_with(special), kernel.bindings())
        };
        self.try_make(|| EXPANDING.map(make)).await
    }

    /// A kernel for nets with what it binds, once it is made; or one that holds definitions as code in its place.
    pub(crate) fn net_dispatch(
        &self,
        kernel: ffcm::Kernel,
        special: Option<&wgpu::ComputePipeline>,
        groups: Groups,
        buffers: &[&Buffer],
    ) -> Result<Dispatch, Fault> {
        let plain = || lock(&self.of_nets).get(kernel as usize).cloned();
        let pipeline = special.cloned().or_else(plain).ok_or(GpuError::Wrong)?;
        Ok(self.bound(pipeline, kernel.name(), groups, buffers))
    }

    fn bound(
        &self,
        pipeline: wgpu::ComputePipeline,
        name: &str,
        groups: Groups,
        buffers: &[&Buffer],
    ) -> Dispatch {
        let entries: Vec<_> = (0..)
            .zip(buffers)
            .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
            .collect();
        let layout = pipeline.get_bind_group_layout(0);
        let descriptor = wgpu::BindGroupDescriptor { label: Some(name), layout: &layout, entries: &entries };
        let bound = self.device.create_bind_group(&descriptor);
        let _buffers = buffers.iter().copied().cloned().collect();
        Dispatch { pipeline, bound, groups, _buffers }
    }

    /// Hands these dispatches over, `times` times one after another.
    pub(crate) fn submit(&self, dispatches: &[Dispatch], times: u32) {
        let mut encoder = self.device.create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        for Dispatch { pipeline, bound, groups, .. } in (0..times).flat_map(|_| dispatches.iter()) {
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, bound, &[]);
            match groups {
                Groups::Fixed([width, height]) => pass.dispatch_workgroups(*width, *height, 1),
                Groups::Told(buffer, at) => pass.dispatch_workgroups_indirect(buffer, *at),
            }
        }
        drop(pass);
        self.queue.submit([encoder.finish()]);
    }

    /// Fills a buffer with zeros.
    pub(crate) fn clear(&self, buffer: &wgpu::Buffer) {
        let mut encoder = self.device.create_command_encoder(&Default::default());
        encoder.clear_buffer(buffer, 0, None);
        self.queue.submit([encoder.finish()]);
    }

    /// Copies bytes from one buffer to another: from where, to where, and how many.
    pub(crate) fn copy(&self, from: &wgpu::Buffer, to: &wgpu::Buffer, runs: &[[u64; 3]]) {
        let mut encoder = self.device.create_command_encoder(&Default::default());
        for [start, end, size] in runs.iter().filter(|[.., size]| *size > 0) {
            encoder.copy_buffer_to_buffer(from, *start, to, *end, *size);
        }
        self.queue.submit([encoder.finish()]);
    }

    /// The first `pairs` pairs of a buffer, once all that was submitted is done.
    pub(crate) async fn read(&self, buffer: &wgpu::Buffer, pairs: usize) -> Result<Vec<[u32; 2]>, Fault> {
        self.read_runs(buffer, &[[0, pairs]]).await
    }

    /// Runs of pairs of a buffer one after another, each given by its first and how many, once all that was submitted is done.
    pub(crate) async fn read_runs(
        &self,
        buffer: &wgpu::Buffer,
        runs: &[[usize; 2]],
    ) -> Result<Vec<[u32; 2]>, Fault> {
        let pairs = runs.iter().map(|[_, count]| count).sum();
        let size = pairs as u64 * 8;
        let mut end = 0;
        let copies: Vec<_> = runs
            .iter()
            .map(|[first, count]| {
                let size = *count as u64 * 8;
                end += size;
                [*first as u64 * 8, end - size, size]
            })
            .collect();
        let (sender, receiver) = oneshot::channel();
        // All of it at once, so that nothing waits for the answer about memory alone.
        let copied = self.try_make(|| {
            let staging = self.zeros(pairs, BufferUsages::COPY_DST | BufferUsages::MAP_READ);
            self.copy(buffer, &staging, &copies);
            staging.map_async(wgpu::MapMode::Read, .., move |mapped| {
                // Whoever waits may have gone.
                let _ = sender.send(mapped);
            });
            staging
        });
        let staging = copied.await?;
        let polled = self.device.poll(wgpu::PollType::wait_indefinitely());
        let mapped = receiver.await;
        self.check()?;
        if polled.is_err() || !matches!(mapped, Ok(Ok(()))) {
            return Err(Fault::Lost("its memory cannot be read".to_owned()));
        }
        let read = {
            let view = staging.get_mapped_range(..size);
            let view = view.map_err(|error| Fault::Error(GpuError::Refused(error.to_string())))?;
            // A browser's copy may begin at any address, so words are put together from bytes.
            let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
            view.chunks_exact(8).map(|pair| [word(&pair[..4]), word(&pair[4..])]).collect()
        };
        staging.unmap();
        Ok(read)
    }
}

/// A kernel, ready to be run.
#[derive(Debug)]
pub(crate) struct Dispatch {
    pipeline: wgpu::ComputePipeline,
    bound: wgpu::BindGroup,
    groups: Groups,
    /// What it binds is there as long as it is.
    _buffers: Vec<Buffer>,
}

/// How many workgroups a kernel gets.
#[derive(Debug, Clone)]
pub(crate) enum Groups {
    /// So many in two dimensions.
    Fixed([u32; 2]),
    /// As many as a buffer says in three words at this byte.
    Told(Buffer, u64),
}

/// Runs `make`, and what the device said against it: that memory is short, that its driver failed (at a kernel that it does not compile, say), or that something is
/// not allowed. What nobody catches here would end all that the device does.
async fn watched<T>(device: &wgpu::Device, make: impl FnOnce() -> T) -> (T, Option<wgpu::Error>) {
    use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
    let [memory, driver, validity] =
        [OutOfMemory, Internal, Validation].map(|filter| device.push_error_scope(filter));
    let made = make();
    let (invalid, failed, short) = (validity.pop(), driver.pop(), memory.pop());
    let error = short.await.or(failed.await).or(invalid.await);
    (made, error)
}

fn pipeline(device: &wgpu::Device, name: &str, source: &str, bindings: Bindings) -> wgpu::ComputePipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(name),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    let entries: Vec<_> = (0..)
        .zip(bindings)
        .map(|(binding, (_, access))| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: match access {
                    Access::Uniform => wgpu::BufferBindingType::Uniform,
                    Access::Read => wgpu::BufferBindingType::Storage { read_only: true },
                    Access::Write => wgpu::BufferBindingType::Storage { read_only: false },
                },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        })
        .collect();
    let layout = device
        .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(name), entries: &entries });
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(name),
        bind_group_layouts: &[Some(&layout)],
        ..Default::default()
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(name),
        layout: Some(&layout),
        module: &module,
        entry_point: Some(name),
        // Kernels write all of a workgroup's memory before they read it.
        compilation_options: wgpu::PipelineCompilationOptions {
            zero_initialize_workgroup_memory: false,
            ..Default::default()
        },
        cache: None,
    })
}
